"""Work that several threads share: bounded caches, single flight, bounded thread pools."""
