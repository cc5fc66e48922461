"""`gatepass scan`: finds Gatepass credentials in files and in git's index."""
