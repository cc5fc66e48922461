"""The page of an application's keys, with which it authenticates in place of a secret."""
