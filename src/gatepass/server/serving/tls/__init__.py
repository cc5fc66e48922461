"""The server's own TLS: its contexts, files that are renewed, and handshakes within limits."""
