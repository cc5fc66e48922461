"""Gateways that ask about each request: what a route needs, and the answers they can take."""
