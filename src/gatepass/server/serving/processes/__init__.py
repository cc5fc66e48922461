"""The processes of a server: sockets, workers and their supervisor."""
