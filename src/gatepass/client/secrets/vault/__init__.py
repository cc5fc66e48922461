"""The secret from HashiCorp Vault or OpenBao (KV version 2)."""
