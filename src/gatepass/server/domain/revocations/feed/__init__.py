"""The revocation feed: what guards in other processes must know, page after page."""
