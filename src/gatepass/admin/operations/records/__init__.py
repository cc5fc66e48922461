"""What the operations return.

Written by docs/generate.py from the operations of the server.
"""
