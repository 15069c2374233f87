"""What people fill in: fields that keep what was typed and say in plain words what is wrong with it."""
