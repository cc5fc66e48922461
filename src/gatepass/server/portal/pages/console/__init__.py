"""Pages of operators, the people of the company that runs the server."""
