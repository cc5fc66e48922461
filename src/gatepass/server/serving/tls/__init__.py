"""TLS: the server's own, with files that are renewed, and certificates that proxies pass on."""
