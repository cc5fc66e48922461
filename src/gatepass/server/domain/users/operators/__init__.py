"""Operators: people of the company that runs the server, and what they may do in which environment."""
