"""The secret from an environment variable."""

import os
from dataclasses import dataclass

from gatepass.client.errors import ConfigurationError, cleaned
from gatepass.client.secrets.validation import as_secret


@dataclass(frozen=True, slots=True, repr=False)
class FromEnv:
    """Returns the environment variable `name`; an empty one counts as missing."""

    name: str

    def __repr__(self) -> str:
        return f"FromEnv({cleaned(self.name)!r})"

    def __call__(self) -> str:
        """Read the variable; raise ConfigurationError where it holds no secret."""
        value, name = os.environ.get(self.name), cleaned(self.name)
        if not value:
            raise ConfigurationError(f"set the environment variable {name}")
        return as_secret(value, f"the environment variable {name}")
