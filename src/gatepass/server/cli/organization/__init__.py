"""`gatepass organization` and `gatepass policy`."""
