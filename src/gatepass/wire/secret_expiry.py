"""The header of a token response that says when the client secret that was used expires."""

from datetime import UTC, datetime

HEADER = "gatepass-secret-expires"
"""Its name, in lower case. A secret without an end has no header."""

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def write(milliseconds: int) -> str:
    """Return the value of the header for an end in Unix milliseconds, as RFC 3339 writes times."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime(_FORM)


def read(value: str | None) -> datetime | None:
    """Return the end that a header states; None where there is no header, or another value."""
    try:
        return datetime.strptime(value or "", _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
