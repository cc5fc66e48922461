"""Programs of the operator that call the Admin API. For owners of production."""
