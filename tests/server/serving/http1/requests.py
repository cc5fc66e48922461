"""A request as a server delivers it to its application, whichever parser read it."""

from typing import NamedTuple

Fields = tuple[tuple[bytes, bytes], ...]


class Delivered(NamedTuple):
    """A request of which the header was accepted; `body` is None if it did not come whole."""

    method: bytes
    target: bytes
    fields: Fields
    body: bytes | None

    @property
    def head(self) -> tuple[bytes, bytes, Fields]:
        """Return what is compared, with names of transfer codings in lower case (RFC 9112 §7)."""
        fields = tuple(
            (name, value.lower() if name == b"transfer-encoding" else value)
            for name, value in self.fields
        )
        return self.method, self.target, fields
