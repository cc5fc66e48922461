"""The demo: the main use case over real HTTP against a real server, printed step by step."""
