"""Who follows the revocation feed, and how far behind each is."""
