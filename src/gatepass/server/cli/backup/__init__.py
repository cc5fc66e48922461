"""`gatepass backup`, `gatepass restore` and `gatepass copy`."""
