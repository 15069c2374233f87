"""The house's conventions as functions that find faults; test_floors.py and test_house_rules.py run them."""
