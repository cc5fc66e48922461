"""The operations of the Admin API.

Written by docs/generate.py from the operations of the server.
"""
