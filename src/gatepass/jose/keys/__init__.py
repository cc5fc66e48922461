"""Keys of clients: public ones as a client registers them, private ones as it signs with them."""
