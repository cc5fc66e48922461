"""Forward authentication: gateways that ask this server about each request to an API."""
