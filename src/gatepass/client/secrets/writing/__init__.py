"""Secret stores that `gatepass rotate` writes: files, Vault, and those of AWS, Google and Azure."""
