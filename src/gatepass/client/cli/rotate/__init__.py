"""`gatepass rotate`: replaces the client secret in a secret store."""
