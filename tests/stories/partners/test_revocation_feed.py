"""A guard in this process follows a server in others, through whatever happens to that."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from gatepass.guard.issuer.credentials import Credentials as OfGuard
from gatepass.guard.revocation.feed import Feed
from gatepass.wire.secret import Secret
from server_process import Credentials, Server, serving

_PATIENCE = 30.0  # seconds; bench/guard/revocation_feed.py measures what it takes
_ROUNDS = 5


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("feed") / "data", "--workers", "2") as running:
        yield running


@pytest.fixture(scope="module")
def org_id(two: Server) -> str:
    return two.create_organization().org_id


@pytest.fixture(scope="module")
def guard(two: Server, org_id: str) -> OfGuard:
    made = two.create_application(org_id, "Guard", scope="introspection")
    return OfGuard(made.client_id, Secret(made.client_secret))


@pytest.fixture(scope="module")
def feed(two: Server, guard: OfGuard) -> Iterator[Feed]:
    """A feed that was there before everything that the tests do."""
    with closing(Feed(two.url(), guard)) as following:
        assert following.ready(_PATIENCE)
        yield following


def _wait(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _token(server: Server, by: Credentials) -> tuple[str, str]:
    """Return a token and its `jti`."""
    token: str = server.ask_token(by.client_id, by.client_secret).body["access_token"]
    asked = server.ask("POST", "/oauth2/introspect/", auth=by[:2], data={"token": token})
    return token, asked.body["jti"]


def _revoke(server: Server, by: Credentials, token: str) -> None:
    revoked = server.ask("POST", "/oauth2/revoke_token/", auth=by[:2], data={"token": token})
    assert revoked.status == 200


def test_a_guard_knows_of_each_revocation_and_of_nothing_else(
    two: Server, org_id: str, feed: Feed
) -> None:
    billing = two.create_application(org_id)
    _, good = _token(two, billing)
    for _ in range(_ROUNDS):
        token, jti = _token(two, billing)
        assert not feed.is_revoked(jti, billing.client_id, None)
        _revoke(two, billing, token)
        _wait(partial(feed.is_revoked, jti, billing.client_id, None))

    assert not feed.is_revoked(good, billing.client_id, None)
    assert feed.state() == "fresh"


def test_what_the_command_line_does_is_known_and_whoever_begins_anew_knows_it_too(
    two: Server, org_id: str, feed: Feed, guard: OfGuard
) -> None:
    disabled, deleted = (two.create_application(org_id, name) for name in ("One", "Two"))
    jtis = {each: _token(two, each)[1] for each in (disabled, deleted)}
    for what, which in ((["disable"], disabled), (["delete", "--yes"], deleted)):
        ran = two.run("application", *what, which.client_id)
        assert ran.status == 0, ran.err
    for each, jti in jtis.items():
        _wait(partial(feed.is_revoked, jti, each.client_id, None))

    with closing(Feed(two.url(), guard)) as beginner:
        assert beginner.ready(_PATIENCE)
        for each, jti in jtis.items():
            assert beginner.is_revoked(jti, each.client_id, None)

    assert two.run("application", "enable", disabled.client_id).status == 0
    # each of the two workers learns of it by itself
    _wait(lambda: {two.ask_token(*disabled[:2]).status for _ in range(8)} == {200})
    fresh_server = _token(two, disabled)[1]
    _wait(lambda: not feed.is_revoked(fresh_server, disabled.client_id, None))
    for each, jti in jtis.items():
        assert feed.is_revoked(jti, each.client_id, None)


def test_a_restart_is_not_held_up_by_guards_and_is_told_and_loses_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        org_id = server.create_organization().org_id
        billing = server.create_application(org_id)
        made = server.create_application(org_id, "Guard", scope="introspection")
        (before, first), (after, second) = (_token(server, billing) for _ in range(2))
        guard = OfGuard(made.client_id, Secret(made.client_secret))
        with (
            closing(Feed(server.url(), guard, wait=30, limit=60)) as feed,
            closing(Feed(server.url(), guard, wait=1, limit=2)) as impatient,
        ):
            for each in (feed, impatient):
                assert each.ready(_PATIENCE)
            _revoke(server, billing, before)
            started = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - started < 25  # the guard would have it wait for thirty
            _wait(lambda: impatient.state() == "stale")
            assert impatient.status()["problem"]
            server.start()
            _revoke(server, billing, after)
            for each in (feed, impatient):
                _wait(partial(each.is_revoked, first, billing.client_id, None))
                _wait(partial(each.is_revoked, second, billing.client_id, None))
                assert (each.state(), each.status()["problem"]) == ("fresh", "")
