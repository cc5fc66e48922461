"""How far entries of the audit trail were forwarded, and who forwards them."""
