"""Operators: people of the company that runs the server, and their roles in each environment."""
