"""Keys that rotate: by command, by schedule, and by two processes at once."""

import json
from base64 import urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepass.jose.algorithms import Algorithm
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.domain.keys.model import PUBLISHED_AHEAD
from gatepass.server.domain.keys.operations import all_keys, rotate, rotate_due, state
from gatepass.server.environment.environment import Environment
from gatepass.wire.metadata import JWKS
from gatepass.wire.scope import Scope
from server.fixtures import Client, InProcessServer, new_clock, open_passive_server

AHEAD = PUBLISHED_AHEAD.total_seconds()
DAY = 24 * 3600.0
MONTH = 30 * DAY


def with_jwts(server: InProcessServer) -> None:
    environment = server.environment()
    catalogue.change_resource(
        environment.context, OPERATOR, environment.partner_api, {"tokens": "jwt"}
    )


def states(environment: Environment, purpose: str = "opaque") -> list[str]:
    kept, now = all_keys(environment.context), environment.now()
    return [state(key, kept, now) for key in kept if key.purpose == purpose]


def kids(server: InProcessServer) -> list[str]:
    return [str(key["kid"]) for key in server.send("GET", JWKS).json()["keys"]]


def kid_of(token: str) -> str:
    said: dict[str, Any] = json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))
    return str(said["kid"])


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_after_a_rotation_tokens_of_both_keys_are_good(
    fresh_server: InProcessServer, form: str
) -> None:
    if form == "jwt":
        with_jwts(fresh_server)
    client, environment = fresh_server.register(), fresh_server.environment()
    before = fresh_server.token(client)

    rotate(environment.context, environment.purposes, OPERATOR, at_once=False)
    soon = fresh_server.token(client)
    fresh_server.clock.advance(AHEAD)
    environment.refresh_keys()
    after = fresh_server.token(client)

    assert states(environment)[1] == "in use"
    assert states(environment)[0].startswith("verifies until ")
    assert [fresh_server.is_active(client, token) for token in (before, soon, after)] == [True] * 3
    if form == "jwt":
        assert kid_of(before) == kid_of(soon) != kid_of(after)


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_in_an_emergency_no_token_of_an_old_key_is_good_from_that_moment(
    fresh_server: InProcessServer, form: str
) -> None:
    if form == "jwt":
        with_jwts(fresh_server)
    client, environment = fresh_server.register(), fresh_server.environment()
    old = fresh_server.token(client)
    assert fresh_server.is_active(client, old)

    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)

    assert not fresh_server.is_active(client, old)
    assert fresh_server.is_active(client, fresh_server.token(client))
    assert states(environment) == ["ended", "in use"]


@pytest.mark.spec("RFC 7517", "5")
def test_the_next_key_is_published_for_ten_minutes_before_it_signs_anything(
    fresh_server: InProcessServer,
) -> None:
    with_jwts(fresh_server)
    client, environment = fresh_server.register(), fresh_server.environment()
    [first] = kids(fresh_server)
    signers = []

    rotate(environment.context, environment.purposes, OPERATOR, at_once=False)
    published = kids(fresh_server)
    for seconds in (0, AHEAD - 0.001, 0.001):
        fresh_server.clock.advance(seconds)
        environment.refresh_keys()
        signers.append(kid_of(fresh_server.token(client)))

    assert AHEAD >= 600
    assert published == [first, signers[-1]]
    assert signers == [first, first, published[1]]


def test_an_emergency_takes_back_a_key_that_was_published_and_never_used(
    fresh_server: InProcessServer,
) -> None:
    environment = fresh_server.environment()
    rotate(environment.context, environment.purposes, OPERATOR, at_once=False)
    published = set(kids(fresh_server))

    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)

    assert not published & set(kids(fresh_server))
    assert states(environment) == ["ended", "ended", "in use"]


def test_a_rotation_is_in_the_audit_trail_without_any_key(fresh_server: InProcessServer) -> None:
    rotate(
        fresh_server.environment().context,
        fresh_server.environment().purposes,
        OPERATOR,
        at_once=True,
    )

    with fresh_server.environment().database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM audit WHERE action = 'keys.rotated'")
        [told] = [str(row) for row in rows]
    assert "3 (" in told
    secrets = [key.secret.hex() for key in all_keys(fresh_server.environment().context)]
    assert not [secret for secret in secrets if secret in told]


def test_two_processes_that_rotate_at_once_make_one_key(tmp_path: Path) -> None:
    clock = new_clock()
    with (
        open_passive_server(tmp_path / "data", clock) as here,
        open_passive_server(tmp_path / "data", clock) as there,
    ):
        both = here.environment(), there.environment()
        clock.advance(MONTH)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda each: rotate_due(each.context, each.purposes), both))

        assert [states(each) for each in both] == [["in use", "next"]] * 2


def test_where_nothing_is_due_nothing_is_made(fresh_server: InProcessServer) -> None:
    environment = fresh_server.environment()
    fresh_server.clock.advance(MONTH - AHEAD - 1)

    rotate_due(environment.context, environment.purposes)

    assert states(environment) == ["in use"]


def _issued(fresh_server: InProcessServer, client: Client) -> tuple[str, float]:
    return fresh_server.token(client), fresh_server.clock.now


@pytest.mark.spec("RFC 7517", "4")
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_over_ninety_days_every_token_is_good_until_it_expires_and_no_key_comes_unannounced(
    fresh_server: InProcessServer, form: str
) -> None:
    if form == "jwt":
        with_jwts(fresh_server)
    environment, lifetime = fresh_server.environment(), 30 * 24 * 3600
    client = fresh_server.register(lifetime=lifetime)
    living: list[tuple[str, float]] = []
    published: dict[str, float] = dict.fromkeys(kids(fresh_server), fresh_server.clock.now)
    first = set(published)
    step = timedelta(hours=7).total_seconds()
    end = fresh_server.clock.now + 90 * DAY
    while fresh_server.clock.now < end:
        rotate_due(environment.context, environment.purposes)
        environment.refresh_keys()
        for kid in kids(fresh_server):
            published.setdefault(kid, fresh_server.clock.now)
        token, at = _issued(fresh_server, client)
        if form == "jwt" and kid_of(token) not in first:
            assert at - published[kid_of(token)] >= AHEAD
        living.append((token, at))
        while living[0][1] + lifetime <= fresh_server.clock.now:
            dead, _ = living.pop(0)
            assert not fresh_server.is_active(client, dead)
        assert all(fresh_server.is_active(client, each) for each, _ in (living[0], living[-1]))
        fresh_server.clock.advance(step)

    assert all(
        fresh_server.is_active(client, token) for token, at in living if at > end - lifetime + step
    )
    assert len(published) == 3  # one for each thirty days
    assert len(kids(fresh_server)) <= 3


def algorithm_of(fresh_server: InProcessServer, client: Client) -> str:
    """Give what a new token is signed with, by a key that is published under that algorithm."""
    kid = kid_of(fresh_server.token(client))
    [found] = [key for key in fresh_server.send("GET", JWKS).json()["keys"] if key["kid"] == kid]
    return str(found["alg"])


@pytest.mark.spec("RFC 7517", "5")
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA"])
@pytest.mark.parametrize("how", ["set", "add"])
def test_the_key_of_an_algorithm_that_a_resource_newly_takes_is_published_before_it_signs(
    fresh_server: InProcessServer, algorithm: Algorithm, how: str
) -> None:
    with_jwts(fresh_server)
    environment, uri = fresh_server.environment(), fresh_server.environment().partner_api
    client = fresh_server.register()
    if how == "add":
        uri = "https://meters.example.com"
        catalogue.add_resource(environment.context, OPERATOR, uri, "Meters", "jwt", algorithm)
        new = CataloguedScope("meters.read", "Read", False, False, uri)
        catalogue.add_scope(environment.context, OPERATOR, new)
        client = fresh_server.register(scope=Scope(("meters.read",)))
    else:
        catalogue.change_resource(environment.context, OPERATOR, uri, {"algorithm": algorithm})
    published, signers = len(kids(fresh_server)), []
    for seconds in (0, AHEAD - 0.001, 0.001):
        fresh_server.clock.advance(seconds)
        environment.refresh_keys()
        signers.append(algorithm_of(fresh_server, client))

    assert (published, signers) == (2, ["ES256", "ES256", algorithm])


def test_a_key_whose_algorithm_was_used_before_signs_at_once(fresh_server: InProcessServer) -> None:
    with_jwts(fresh_server)
    environment, client = fresh_server.environment(), fresh_server.register()
    uri = environment.partner_api
    catalogue.change_resource(environment.context, OPERATOR, uri, {"algorithm": "RS256"})
    fresh_server.clock.advance(AHEAD)
    environment.refresh_keys()
    for algorithm in ("ES256", "RS256"):
        catalogue.change_resource(environment.context, OPERATOR, uri, {"algorithm": algorithm})
        assert algorithm_of(fresh_server, client) == algorithm


def test_an_algorithm_that_the_settings_newly_name_is_published_first_too(tmp_path: Path) -> None:
    clock = new_clock()
    with open_passive_server(tmp_path / "data", clock) as before:
        client = before.register()
    changed = {"tokens": "jwt", "algorithm": "RS256"}
    with open_passive_server(
        tmp_path / "data", clock, sandbox=changed, production=changed
    ) as after:
        first = algorithm_of(after, client)
        clock.advance(AHEAD)
        after.environment().refresh_keys()

        assert (first, algorithm_of(after, client)) == ("ES256", "RS256")


def test_in_an_emergency_a_key_of_a_new_algorithm_signs_at_once(
    fresh_server: InProcessServer,
) -> None:
    with_jwts(fresh_server)
    environment, client = fresh_server.environment(), fresh_server.register()
    catalogue.change_resource(
        environment.context, OPERATOR, environment.partner_api, {"algorithm": "RS256"}
    )
    rotate(environment.context, environment.purposes, OPERATOR, at_once=True)

    assert algorithm_of(fresh_server, client) == "RS256"
