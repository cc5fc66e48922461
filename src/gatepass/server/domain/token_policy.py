"""What access tokens are and how long they live. Pure."""

from datetime import timedelta
from typing import Literal, NamedTuple, get_args

from gatepass.jose.algorithms import Algorithm

Tokens = Literal["opaque", "jwt"]
Form = Literal["opaque", "ES256", "EdDSA", "PS256", "RS256"]
"""What a token is: opaque, or a JWT signed with an algorithm (RFC 7518 §3.1, RFC 8037 §3.1)."""

Purpose = Literal["opaque", "ES256", "EdDSA", "PS256", "RS256"]
"""What a key is for: opaque tokens, or signing with an algorithm."""

TOKENS: tuple[Tokens, ...] = get_args(Tokens)

DEFAULT_LIFETIME = 36_000  # seconds
SHORTEST_LIFETIME = 60
LONGEST_LIFETIME = 30 * 24 * 3600


class TokenPolicy(NamedTuple):
    """How an environment issues tokens.

    `partner_api` is the identifier of its own API. `tokens` and `algorithm` apply to a resource
    that does not choose; `algorithm` also signs what is no access token. A key is used for
    `key_rotation`. `admin_api` is the identifier of the Admin API, in the environment that issues
    its tokens.
    """

    partner_api: str
    tokens: Tokens
    algorithm: Algorithm
    key_rotation: timedelta
    admin_api: str = ""


def form_of(tokens: Tokens, algorithm: Algorithm) -> Form:
    """Return the form of tokens."""
    return "opaque" if tokens == "opaque" else algorithm
