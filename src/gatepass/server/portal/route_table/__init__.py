"""The table of the portal's pages, in a file for each of its parts."""
