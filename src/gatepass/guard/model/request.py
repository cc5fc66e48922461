"""What a guard reads of a request; every adapter builds one. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Connection(Protocol):
    """What a guard reads of a request only if a token is bound to a client certificate."""

    def header(self, name: str, /) -> list[str]:
        """Return each value of a header, whose name is in lower case, decoded as Latin-1."""

    def certificate(self) -> bytes | str | None:
        """Return the certificate of the client's connection in DER or PEM; None if unknown."""


class Request(NamedTuple):
    """A request, as far as a guard reads it.

    `authorization` has every Authorization header, in order, decoded as Latin-1. `query` and
    `form` are form-url-encoded text, without the question mark: a token in one of them is refused
    (RFC 6750 §2), none is ever accepted. `source` is the caller's address, which the server finds
    in forwarding headers that it trusts. `path` has the parameters of the route. `context` is the
    framework's own request, for `inspect` and `expect` alone.

    `dpop` has every DPoP header. `url` is the address of the request as its sender knows it, with
    the path as it was sent; it is needed only with a DPoP header (see `model.address`).
    `connection` gives the client's certificate, if the guard is to look for one.
    """

    authorization: Sequence[str] = ()
    query: str = ""
    form: str = ""
    source: str | None = None
    method: str = "GET"
    path: Mapping[str, object] = {}
    context: object = None
    dpop: Sequence[str] = ()
    url: str = ""
    connection: Connection | None = None
