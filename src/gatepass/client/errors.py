"""The errors of the client: each message is one line and says what to do.

No message has a secret or a token; text of a server or a network is cut and cleaned.
Every error can be copied and pickled, because callers who shared a renewal each raise their own.
"""

import html
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from urllib.parse import unquote_plus

from gatepass.wire.secret import Secret

_LONGEST_QUOTE = 200
_LONGEST_DECODED = 20 * _LONGEST_QUOTE  # characters that are searched for a secret
_SHORTEST_FOUND = 6  # letters and digits; fewer may be in any text by chance
_REDACTED = "[redacted]"
_ESCAPE = re.compile(r"(?:\\u\{?|\\x|=)([0-9A-Fa-f]{2,4})\}?")
_TO_URLSAFE = str.maketrans("+/", "-_")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_CREDENTIAL = re.compile(
    r"\bgp[sa]_(?:live|test)_[0-9A-Za-z]+|\b(?:Basic|Bearer)\s+[\w.~+/=-]{8,}"
    r"|\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}",  # a JWT
    re.IGNORECASE,
)
_LONG_RUN = re.compile(r"[\w.~+/=-]{8,}")


class ClientError(Exception):
    """The base of all errors of the client."""


class ConfigurationError(ClientError):
    """A setting is missing or wrong; trying again without changing it cannot help."""


class SecretUnavailable(ConfigurationError):
    """The source of the client secret fails now; trying again may help."""


class ChangedMeanwhile(SecretUnavailable):
    """A secret store has another secret than was expected, so nothing was written."""


class TokenRefused(ClientError):
    """The token endpoint refused the request.

    `error` and `description` are the server's own (RFC 6749 §5.2), None and empty where it
    sent none; `status` is the HTTP status; `excerpt` describes a response that is no OAuth
    error by its media type, its length and, for an HTML page, its title. `advice` says what to
    do where that is known better than the error's code says it.
    """

    def __init__(
        self,
        error: str | None,
        description: str,
        status: int,
        excerpt: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(error, description, status, excerpt, advice)
        self.error, self.description, self.status = error, description, status
        self.excerpt, self.advice = excerpt, advice

    def __str__(self) -> str:
        if self.error is None:
            excerpt = f", but {self.excerpt}" if self.excerpt else ""
            return (
                f"the token endpoint answered {self.status} without an OAuth error{excerpt}: "
                "check that the token URL is the address of an OAuth 2.0 token endpoint"
            )
        description = f" ({self.description})" if self.description else ""
        advice = self.advice or _ADVICE.get(
            self.error, "see the error and ask the server's operator"
        )
        return f"the token endpoint refused with {self.error}{description}: {advice}"

    @property
    def is_of_the_secret(self) -> bool:
        """Return whether another secret or key may help; some servers have other codes for that."""
        return self.error == "invalid_client" or (self.status == 401 and self.error is not None)


_ADVICE = {
    "invalid_client": "check the client id and secret, and that they belong to this environment",
    "invalid_dpop_proof": "the application needs tokens that are bound to a key: set "
    "GATEPASS_DPOP=1; if it is set, check this machine's clock and the token URL",
    "invalid_scope": "ask only for scopes that the application was given",
    "invalid_target": "ask only for resources that the application was given",
    "unauthorized_client": "let the application be allowed to use client credentials",
    "unsupported_grant_type": "the server must support the client_credentials grant",
}


class TokenUnavailable(ClientError):
    """The token endpoint sent no usable response; `why` is the reason.

    That is after `attempts` requests in `elapsed` seconds; `retry_after` is the number of
    seconds that the server asked to wait, 0 where it did not.
    """

    def __init__(
        self, why: str, attempts: int, elapsed: float = 0.0, retry_after: float = 0.0
    ) -> None:
        super().__init__(why, attempts, elapsed, retry_after)
        self.why, self.attempts = why, attempts
        self.elapsed, self.retry_after = elapsed, retry_after

    def __str__(self) -> str:
        times = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return f"no token after {times} in {self.elapsed:.1f} s: {self.why}"


class Unreachable(Exception):
    """Raised by a sender when no response came. Callers never see it."""


class CertificateRefused(Unreachable):
    """Raised by a sender when the server's certificate is refused; a retry cannot help."""


def quotable(text: str, secrets: Iterable[Secret]) -> str:
    """Return foreign `text` as one short line without `secrets` or credentials, see `redacted`."""
    return cleaned(redacted(text, secrets))


def redacted(text: str, secrets: Iterable[Secret]) -> str:
    """Return foreign `text` without `secrets` or credentials.

    A text that has one of `secrets` in another encoding is redacted whole: letter by letter,
    percent-encoded, with escapes of HTML or JSON, or in base64.
    """
    for secret in secrets:
        text = text.replace(secret.value, _REDACTED)
        needle = _squeezed(secret.value)
        if len(needle) >= _SHORTEST_FOUND and any(
            needle in _squeezed(view) for view in _decodings(text)
        ):
            return _REDACTED
    return _CREDENTIAL.sub(_REDACTED, text)


def cleaned(text: str) -> str:
    """Return `text` as one short line without anything that looks like a credential."""
    text = _UNPRINTABLE.sub(" ", _CREDENTIAL.sub(_REDACTED, text)).strip()
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."


def _decodings(text: str) -> Iterator[str]:
    """Yield `text` decoded from each encoding that is often used."""
    text = text[:_LONGEST_DECODED]
    yield text
    yield unquote_plus(text)
    yield html.unescape(text)
    yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    for run in _LONG_RUN.findall(text):
        padded = run.rstrip("=").translate(_TO_URLSAFE)
        for start in range(4):  # the start of a quartet is not known
            part = padded[start:]
            with suppress(ValueError):
                yield urlsafe_b64decode(f"{part}{'=' * (-len(part) % 4)}").decode("latin-1")


def _squeezed(text: str) -> str:
    """Return only the letters and digits of `text`."""
    return "".join(filter(str.isalnum, text))
