"""Optional libraries: where one is missing, the error says what to install."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def installed_by(requirement: str) -> Iterator[None]:
    """Name what installs a library where an import within the block fails.

    `requirement` is what pip takes, as `gatepass[requests]` or `fastapi`. Raises
    ModuleNotFoundError, as the import itself does.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{error.name} is not installed. Install it: pip install '{requirement}'",
            name=error.name,
            path=error.path,
        ) from None
