"""Events for programs of others, written with the change that they tell of, and sent afterwards."""
