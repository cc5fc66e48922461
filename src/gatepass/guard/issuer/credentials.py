"""The guard's own client id and secret, with which it authenticates to the issuer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gatepass.wire import basic
from gatepass.wire.secret import Secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """A client id and its secret."""

    client_id: str
    client_secret: Secret

    @classmethod
    def read(
        cls,
        client_id: str | None,
        client_secret: Secret | str | None,
        environ: Mapping[str, str],
    ) -> Self:
        """Return the given values, and those of the environment for what is None.

        `GATEPASS_CLIENT_ID`; `GATEPASS_CLIENT_SECRET` or `GATEPASS_CLIENT_SECRET_FILE`, whose
        last line break is ignored. Raises ValueError if one is missing or given twice.
        """
        known_id = client_id or environ.get("GATEPASS_CLIENT_ID")
        if isinstance(client_secret, str):
            client_secret = Secret(client_secret)
        secret = client_secret or _secret(environ)
        if not known_id or not secret.value:
            raise ValueError(
                "the guard needs a client id and secret of its own to ask about tokens, and to"
                " follow the feed: pass client_id and client_secret (to a feed: credentials),"
                " or set GATEPASS_CLIENT_ID and GATEPASS_CLIENT_SECRET (or"
                " GATEPASS_CLIENT_SECRET_FILE)"
            )
        return cls(known_id, secret)

    @property
    def authorization(self) -> str:
        """The value of the Authorization header (RFC 6749 §2.3.1)."""
        return basic.write(self.client_id, self.client_secret)


def _secret(environ: Mapping[str, str]) -> Secret:
    text, file = environ.get("GATEPASS_CLIENT_SECRET"), environ.get("GATEPASS_CLIENT_SECRET_FILE")
    if text and file:
        raise ValueError("set GATEPASS_CLIENT_SECRET or GATEPASS_CLIENT_SECRET_FILE, not both")
    if not file:
        return Secret(text or "")
    try:
        return Secret(Path(file).read_text(encoding="utf-8").rstrip("\r\n"))
    except (OSError, UnicodeDecodeError):  # a decoding error would quote the secret
        raise ValueError("GATEPASS_CLIENT_SECRET_FILE names no readable text file") from None
