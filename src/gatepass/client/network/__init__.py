"""How the client reaches a server: proxies, addresses and trusted certificates."""
