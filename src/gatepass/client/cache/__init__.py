"""A token cache in files, shared by the processes of one user."""
