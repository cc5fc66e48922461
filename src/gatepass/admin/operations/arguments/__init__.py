"""The arguments of each operation, as its method takes them.

Written by docs/generate.py from the operations of the server.
"""
