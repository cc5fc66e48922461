"""Opens the operations of an environment for a command."""

from collections.abc import Iterator
from contextlib import contextmanager

from gatepass.server.cli import options
from gatepass.server.cli.operations.local import LocalOperations
from gatepass.server.cli.operations.model import Operations


@contextmanager
def opened(target: options.Target, *, creates: bool = False) -> Iterator[Operations]:
    """Open the operations of an environment; `creates` allows to create the data directory."""
    with options.environment_of(target, creates=creates) as environment:
        yield LocalOperations(environment)
