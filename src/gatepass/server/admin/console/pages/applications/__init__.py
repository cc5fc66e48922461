"""An application of a partner: how its program authenticates, and what its tokens are bound to."""
