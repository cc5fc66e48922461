"""Certificates of TLS clients (RFC 8705): read from bytes or from a proxy's header, and compared.

What is here is pure. Nothing in a certificate is proved here: whoever has the private key is known
to the TLS handshake alone, so the caller takes certificates only from its own TLS or from a proxy
that it trusts.
"""
