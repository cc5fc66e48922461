"""The methods of the asynchronous client.

Written by docs/generate.py from the operations of the server.
"""
