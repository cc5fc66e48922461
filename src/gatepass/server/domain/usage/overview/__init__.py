"""Usage and refusals of more than one application, as operators see them."""
