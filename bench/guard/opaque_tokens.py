"""Opaque tokens verified in the server's own process, as its Partner API does.

`python -m bench.guard.opaque_tokens` gets them from a running server, ends it, and opens its data
directory here. One thread measures; nothing is sent.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench.guard.verification import EACH, ROUNDS, in_turns
from bench.report import Part, Row, limit_row, print_part
from bench.server import gatepass_server
from gatepass.guard import Expectation, Guard, Request, Requirements
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain.users.passwords.passwords import Hasher
from gatepass.server.oauth.access_token import find_in_memory, inspect
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.partner_api.access import recall
from gatepass.server.storage import master_key
from gatepass.server.tokens.verified_cache import VerifiedTokenCache
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret

MOST = 10.0  # microseconds


def measure() -> Part:
    """Measure tokens that this process has not seen, and one that it has."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        tokens = _issued(data)
        with closing(_opened(data)) as environment:
            return Part(
                "Opaque tokens, in the server's process", {}, tuple(_rows(environment, tokens))
            )


def _issued(data: Path) -> list[str]:
    known = gatepass_server.create(data)
    with gatepass_server.served(data) as server:
        target = gatepass_server.issuing("tokens", server, known)
        return [gatepass_server.token(target) for _ in range((ROUNDS + 1) * EACH)]


def _opened(data: Path) -> ServedEnvironment:
    settings = Settings(data=data)
    environment = ServedEnvironment(
        Mode.LIVE, settings, master_key.load(data), Hasher(settings.password)
    )
    environment.open()
    return environment


def _rows(environment: ServedEnvironment, tokens: Sequence[str]) -> Iterator[Row]:
    guard = Guard(
        inspect=lambda token, _: _told(environment, token),
        get_cached=lambda token, _: recall(environment, token),
        expect=Expectation(environment.issuer, environment.partner_api),
    )
    requirements = Requirements.of("read")

    def use(token: str) -> object:
        return guard.identify(Request((f"Bearer {token}",), source="192.0.2.1"), requirements)

    inspect(environment, Secret(tokens[0]))  # reads the application from the database, once
    verified = in_turns({"it": lambda token: find_in_memory(environment, Secret(token))}, tokens)[
        "it"
    ]
    yield limit_row("opaque token seen first, verified", verified.micro(), MOST, "us")
    environment.verified_tokens = VerifiedTokenCache()  # as if it had seen none
    first, again = (in_turns({"it": use}, tokens, repeated=each)["it"] for each in (False, True))
    yield Row("opaque token seen first, let through", f"{first.micro():.1f} us", "stated", None)
    yield limit_row("opaque token seen before, let through", again.micro(), MOST, "us")


def _told(environment: ServedEnvironment, token: Secret) -> dict[str, object] | None:
    found = inspect(environment, token)
    return None if found is None else {"active": True, **found}


if __name__ == "__main__":
    print_part(measure())
