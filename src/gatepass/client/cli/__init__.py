"""The client's larger commands, one file each."""
