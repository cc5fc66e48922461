"""`gatepass keys` and `gatepass mail`."""
