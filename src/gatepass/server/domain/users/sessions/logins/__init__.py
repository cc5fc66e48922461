"""When, from where and how people logged in last."""
