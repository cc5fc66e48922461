"""The methods of the blocking client.

Written by docs/generate.py from the operations of the server.
"""
