"""`gatepass audit`."""
