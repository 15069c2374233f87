"""What the desk knows: articles for customers, found by what somebody types."""
