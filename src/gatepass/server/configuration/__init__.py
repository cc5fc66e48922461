"""What settings are made of: variables, hosts, paths and limits."""
