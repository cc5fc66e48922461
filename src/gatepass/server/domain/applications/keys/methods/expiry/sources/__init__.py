"""How each kind of credential is read to find those that expire soon."""
