"""People of partners who log in to the portal: found, added, invited, reset, disabled."""
