"""The living demo: people, sixty days of history, and a slow trickle of new requests."""
