"""What can go wrong for a caller: each message is one line and says what to do.

No message holds a secret or a token; what a server or a network wrote is cut and cleaned.
Every error can be copied and pickled, because callers who shared a renewal each raise their own.
"""

import re

from gatepass.wire.secret import Secret

_LONGEST_QUOTE = 200
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_CREDENTIAL = re.compile(
    r"\bgp[sa]_(?:live|test)_[0-9A-Za-z]+|\b(?:Basic|Bearer)\s+[\w.~+/=-]{8,}", re.IGNORECASE
)


class ClientError(Exception):
    """The base of all errors of the client."""


class ConfigurationError(ClientError):
    """A setting is missing or wrong; trying again without changing it cannot help."""


class SecretUnavailable(ConfigurationError):
    """What keeps the client secret does not give it now; trying again may help."""


class TokenRefused(ClientError):
    """The token endpoint said no.

    `error` and `description` are the server's own (RFC 6749 §5.2), None and empty where it
    gave none; `status` is that of HTTP.
    """

    def __init__(self, error: str | None, description: str, status: int) -> None:
        super().__init__(error, description, status)
        self.error, self.description, self.status = error, description, status

    def __str__(self) -> str:
        if self.error is None:
            return (
                f"the token endpoint answered {self.status} without an OAuth error: "
                "check that the token URL is the address of an OAuth 2.0 token endpoint"
            )
        said = f" ({self.description})" if self.description else ""
        advice = _ADVICE.get(self.error, "see the error and ask whoever runs the server")
        return f"the token endpoint refused with {self.error}{said}: {advice}"


_ADVICE = {
    "invalid_client": "check the client id and secret, and that they belong to this environment",
    "invalid_scope": "ask only for scopes that the application was given",
    "invalid_target": "ask only for resources that the application was given",
    "unauthorized_client": "let the application be allowed to use client credentials",
    "unsupported_grant_type": "the server must support the client_credentials grant",
}


class TokenUnavailable(ClientError):
    """No usable answer came from the token endpoint, after `attempts` requests; `why` tells."""

    def __init__(self, why: str, attempts: int) -> None:
        super().__init__(why, attempts)
        self.why, self.attempts = why, attempts

    def __str__(self) -> str:
        times = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return f"no token after {times}: {self.why}"


class Unreachable(Exception):
    """A sender tells the flow: no answer came. Callers never see it."""


def quotable(text: str, secret: Secret) -> str:
    """Give foreign `text` fit for a message: one short line without `secret` or credentials."""
    return cleaned(text.replace(secret.value, "[redacted]"))


def cleaned(text: str) -> str:
    """Give `text` fit for a message: one short line without what looks like our credentials."""
    text = _UNPRINTABLE.sub(" ", _CREDENTIAL.sub("[redacted]", text)).strip()
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 3] + "..."
