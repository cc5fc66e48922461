"""Log-in, log-out, the own account, a forgotten password, and forms that come back."""
