"""Where commands perform operations: on this machine, or on another one by the Admin API."""
