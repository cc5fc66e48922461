"""Where the server is reached: hosts, networks and proxies, and the addresses that follow."""
