"""`gatepass webhook`."""
