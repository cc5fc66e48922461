"""What can go wrong for a caller: each message is one line and says what to do.

No message holds a secret or a token; what a server or a network wrote is cut and cleaned.
Every error can be copied and pickled, because callers who shared a renewal each raise their own.
"""

import re
from collections.abc import Iterable

from gatepass.wire.secret import Secret

_LONGEST_QUOTE = 200
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_CREDENTIAL = re.compile(
    r"\bgp[sa]_(?:live|test)_[0-9A-Za-z]+|\b(?:Basic|Bearer)\s+[\w.~+/=-]{8,}", re.IGNORECASE
)
# In an answer that nobody understands a token can stand anywhere: what is named like one, and
# every long run of the characters of one, goes.
_NAMED = re.compile(
    r"(token|secret|password|assertion|key)(\W{1,5})[^\s\"'&,;<>}]{3,}", re.IGNORECASE
)
_LONG_RUN = re.compile(r"[\w.~+/=-]{24,}")


class ClientError(Exception):
    """The base of all errors of the client."""


class ConfigurationError(ClientError):
    """A setting is missing or wrong; trying again without changing it cannot help."""


class SecretUnavailable(ConfigurationError):
    """What keeps the client secret does not give it now; trying again may help."""


class TokenRefused(ClientError):
    """The token endpoint said no.

    `error` and `description` are the server's own (RFC 6749 §5.2), None and empty where it
    gave none; `status` is that of HTTP; `excerpt` is the beginning of an answer that is no
    OAuth error, with everything that looks like a credential taken out.
    """

    def __init__(self, error: str | None, description: str, status: int, excerpt: str = "") -> None:
        super().__init__(error, description, status, excerpt)
        self.error, self.description, self.status = error, description, status
        self.excerpt = excerpt

    def __str__(self) -> str:
        if self.error is None:
            said = f", but: {self.excerpt}" if self.excerpt else ""
            return (
                f"the token endpoint answered {self.status} without an OAuth error{said}: "
                "check that the token URL is the address of an OAuth 2.0 token endpoint"
            )
        said = f" ({self.description})" if self.description else ""
        advice = _ADVICE.get(self.error, "see the error and ask whoever runs the server")
        return f"the token endpoint refused with {self.error}{said}: {advice}"

    @property
    def is_of_the_secret(self) -> bool:
        """Tell whether another secret may help; some servers name a wrong one otherwise."""
        return self.error == "invalid_client" or (self.status == 401 and self.error is not None)


_ADVICE = {
    "invalid_client": "check the client id and secret, and that they belong to this environment",
    "invalid_scope": "ask only for scopes that the application was given",
    "invalid_target": "ask only for resources that the application was given",
    "unauthorized_client": "let the application be allowed to use client credentials",
    "unsupported_grant_type": "the server must support the client_credentials grant",
}


class TokenUnavailable(ClientError):
    """No usable answer came from the token endpoint; `why` tells.

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
    """A sender tells the flow: no answer came. Callers never see it."""


def quotable(text: str, secrets: Iterable[Secret]) -> str:
    """Give foreign `text` fit for a message: one short line without `secrets` or credentials."""
    return cleaned(_without(text, secrets))


def cleaned(text: str) -> str:
    """Give `text` fit for a message: one short line without what looks like our credentials."""
    text = _UNPRINTABLE.sub(" ", _CREDENTIAL.sub("[redacted]", text)).strip()
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."


def excerpt(body: bytes, secrets: Iterable[Secret]) -> str:
    """Give the beginning of an answer that is none, without anything that may be a credential."""
    # Cut far behind the end of the quote: half a token must not pass for something else.
    text = _without(body[: 20 * _LONGEST_QUOTE].decode(errors="replace"), secrets)
    text = _LONG_RUN.sub("[redacted]", _NAMED.sub(r"\1\2[redacted]", " ".join(text.split())))
    return cleaned(text)


def _without(text: str, secrets: Iterable[Secret]) -> str:
    for secret in secrets:
        text = text.replace(secret.value, "[redacted]")
    return text
