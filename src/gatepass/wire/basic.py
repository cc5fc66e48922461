"""HTTP Basic as OAuth uses it: id and secret each form-url-encoded (RFC 6749 §2.3.1)."""

import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from urllib.parse import quote_plus

from gatepass.wire.errors import OAuthError
from gatepass.wire.params import decode
from gatepass.wire.secret import Secret

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # in no id or secret (RFC 6749 appendix A)


def read(credentials: str) -> tuple[str, Secret]:
    """Return client id and secret from what follows `Basic ` in an Authorization header.

    Raises OAuthError (`invalid_request`) where the base64, the colon or the encoding is wrong.
    """
    client_id, secret = _joined(credentials)
    joined = (client_id + secret).decode("latin-1")
    if joined.isascii() and joined.isprintable() and not ("%" in joined or "+" in joined):
        size = len(client_id)  # nothing to decode, as in nearly all
        return joined[:size], Secret(joined[size:])
    decoded_id, decoded_secret = decode(client_id), decode(secret)
    if decoded_secret.endswith(("\n", "\r")):
        raise _malformed("the secret ends with a line break")
    if _CONTROL.search(decoded_id) or _CONTROL.search(decoded_secret):
        raise _malformed("it has control characters in it")
    return decoded_id, Secret(decoded_secret)


def read_raw(credentials: str) -> tuple[str, Secret] | None:
    """Return client id and secret as they came, of a client that does not form-url-encode them.

    None where that makes no difference, or where `read` refuses the base64 or the colon.
    """
    try:
        client_id, secret = (part.decode() for part in _joined(credentials))
    except (OAuthError, UnicodeDecodeError):
        return None
    joined = client_id + secret
    if not ("%" in joined or "+" in joined) or _CONTROL.search(joined):
        return None
    return client_id, Secret(secret)


def write(client_id: str, secret: Secret) -> str:
    """Return the value of an Authorization header."""
    joined = f"{quote_plus(client_id)}:{quote_plus(secret.value)}"
    return "Basic " + b64encode(joined.encode()).decode()


def _joined(credentials: str) -> tuple[bytes, bytes]:
    """Return what is before and after the colon; raise OAuthError if it cannot be decoded."""
    try:
        joined = a2b_base64(credentials, strict_mode=True)
    except (Base64Error, ValueError):
        raise _malformed("it is not base64") from None
    if b64encode(joined) != credentials.encode():  # surplus padding or bits (RFC 4648 §3.5)
        raise _malformed("it is not base64")
    client_id, colon, secret = joined.partition(b":")
    if not colon or not client_id:
        raise _malformed("it is not an id, a colon and a secret")
    return client_id, secret


def _malformed(why: str) -> OAuthError:
    return OAuthError("invalid_request", f"The Basic credentials are malformed: {why}.")
