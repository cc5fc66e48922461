"""HTTP below the application: parsing, proxies, error responses, health, processes."""
