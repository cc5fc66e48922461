"""The page of an application's certificates, with which it authenticates in place of a secret."""
