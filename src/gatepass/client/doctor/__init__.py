"""`gatepass check`: diagnoses everything between the settings and a token."""
