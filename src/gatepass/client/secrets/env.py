"""The secret from an environment variable."""

import os
from dataclasses import dataclass

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.text import as_secret


@dataclass(frozen=True, slots=True)
class FromEnv:
    """Gives the environment variable `name`; an empty one counts as missing."""

    name: str

    def __call__(self) -> str:
        """Read the variable; raise ConfigurationError where it holds no secret."""
        value = os.environ.get(self.name)
        if not value:
            raise ConfigurationError(f"set the environment variable {self.name}")
        return as_secret(value, f"the environment variable {self.name}")
