"""Messages that are written with the change they tell of, and sent afterwards."""
