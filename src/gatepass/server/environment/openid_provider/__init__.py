"""What the server asks OpenID providers of organizations: metadata, keys, tokens; and the DNS."""
