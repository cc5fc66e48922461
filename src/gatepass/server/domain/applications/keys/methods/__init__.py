"""The methods with which an application authenticates, beside each other: secrets, keys."""
