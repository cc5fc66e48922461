"""`gatepass resource` and `gatepass scope`: what tokens are for."""
