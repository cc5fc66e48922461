"""The guard itself, independent of any web framework, and what its adapters share."""
