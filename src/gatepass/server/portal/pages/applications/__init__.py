"""The pages of applications: the list, and the pages of each."""
