"""What a refused client costs, which must not tell whether it exists."""

import secrets
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path
from types import FrameType
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

import gatepass
from gatepass.server.domain.applications.model import new_client_id
from gatepass.server.http import NeedsThread, Request
from gatepass.server.oauth.routes import ROUTES
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage import direct_reads
from gatepass.server.storage.direct_reads import DirectReads, Rows
from gatepass.wire import metadata
from gatepass.wire.errors import OAuthError
from server.fixtures import FORM, HERE, LIVE, Client, InProcessServer, basic, raw_basic
from server.statements import asked

PACKAGE = str(Path(gatepass.__file__).parent)
PATHS = (metadata.TOKEN, metadata.REVOKE, metadata.INTROSPECT, metadata.REVOCATIONS)
# Each of these is one look into a set, for the one kind of client or for the other.
_SAME = {"ApplicationCache.is_absent": "ApplicationCache.is_confirmed"}


@contextmanager
def calls() -> Iterator[Counter[str]]:
    """Count the calls of Gatepass's own functions in this thread."""
    counted: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            name = frame.f_code.co_qualname
            counted[_SAME.get(name, name)] += 1

    sys.setprofile(note)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def refuse(
    environment: ServedEnvironment,
    path: str,
    client_id: str,
    secret: str = "wrong",
    *,
    encoded: bool = True,
) -> tuple[str, int]:
    """Have an endpoint refuse a client; give the error's note and how often it needed a thread."""
    raw = raw_basic(f"{client_id}:{secret}".encode())
    header = (basic(client_id, secret) if encoded else raw).encode()
    body = b"" if path == metadata.REVOCATIONS else urlencode({"token": "x"}).encode()
    arrived = Request({b"authorization": header, b"content-type": FORM.encode()}, b"", body, HERE)
    waited = 0
    while True:
        try:
            returned = ROUTES[path].endpoint(environment, arrived)
            assert isinstance(returned, NeedsThread)
            returned.work()
            waited += 1
        except OAuthError as refused:
            return refused.log_detail, waited


def unknown_id() -> str:
    return new_client_id(LIVE, secrets.token_bytes(16))


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("path", PATHS)
def test_the_first_refusal_asks_the_database_once_for_a_used_an_unused_and_no_client(
    server: InProcessServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = server.environment()
    monkeypatch.setattr(environment.database, "direct_reads", None)  # as on PostgreSQL
    asked_for = []

    for client_id, note in _used_unused_and_unknown(server):
        with asked(environment.database) as first:
            assert refuse(environment, path, client_id) == (note, 1)
        with asked(environment.database) as second:
            assert refuse(environment, path, client_id) == (note, 0)

        asked_for.append(list(first))
        assert second == []
    assert asked_for[0] == asked_for[1] == asked_for[2]
    assert len(asked_for[0]) == 2  # BEGIN, an application with its secrets


@pytest.mark.parametrize("path", PATHS)
def test_the_first_refusal_reads_once_on_the_event_loop_for_a_used_an_unused_and_no_client(
    server: InProcessServer, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = server.environment()
    clients = _used_unused_and_unknown(server)
    monkeypatch.setattr(direct_reads, "_SLOW", inf)  # however busy this machine is
    monkeypatch.setattr(environment.database.direct_reads, "_not_before", 0.0)
    reads = CountedReads(environment.database.direct_reads)
    monkeypatch.setattr(environment.database, "direct_reads", reads)

    for client_id, note in clients:
        with asked(environment.database) as statements:
            assert refuse(environment, path, client_id) == (note, 0)
            assert len(reads.queries) == 1
            assert refuse(environment, path, client_id) == (note, 0)

        assert len(reads.queries) == 1
        assert statements == []
        reads.queries.clear()


def _used_unused_and_unknown(server: InProcessServer) -> list[tuple[str, str]]:
    """Return three client ids, each with the note of its refusal."""
    used, unused = server.register(), server.register()
    server.token(used)  # from then on it is in memory
    return [
        (used.client_id, "wrong secret"),
        (unused.client_id, "wrong secret"),
        (unknown_id(), "unknown client"),
    ]


class CountedReads:
    """Direct reads, and the queries that they ran."""

    def __init__(self, reads: DirectReads | None) -> None:
        assert reads is not None
        self._reads = reads
        self.queries: list[str] = []

    def rows(self, sql: str, values: Sequence[str]) -> Rows | None:
        self.queries.append(sql)
        return self._reads.rows(sql, values)

    def close(self) -> None:
        self._reads.close()


@pytest.mark.parametrize("path", PATHS)
def test_a_refusal_makes_the_same_calls_for_a_client_and_for_nobody(
    server: InProcessServer, client: Client, path: str
) -> None:
    environment = server.environment()
    counted = []
    for client_id in (client.client_id, unknown_id()):
        refuse(environment, path, client_id)
        environment.usage.take(server.clock())
        with calls() as made:
            refuse(environment, path, client_id)
        counted.append(made)

    known, unknown = counted
    assert known == unknown
    assert known["UsageCounter.refused"] == known["AttemptLimit.record"] == 1


@pytest.mark.parametrize("path", PATHS)
def test_the_line_in_the_log_has_the_same_fields_for_a_client_and_for_nobody(
    server: InProcessServer, client: Client, path: str
) -> None:
    method = "GET" if path == metadata.REVOCATIONS else "POST"
    with capture_logs() as logged:
        ids = [client.client_id, unknown_id()]
        for client_id in ids:
            header = {"Authorization": basic(client_id, "wrong")}
            server.send(method, path, headers=header)

    known, unknown = logged
    assert set(known) == set(unknown)
    assert [known["client_id"], unknown["client_id"]] == ids


@pytest.mark.parametrize("typed", ["gps_live_a-secret-in-the-wrong-field", "my secret", "x"])
def test_what_is_no_client_id_is_not_in_the_log(server: InProcessServer, typed: str) -> None:
    with capture_logs() as logged:
        server.send("POST", metadata.TOKEN, headers={"Authorization": basic(typed, "wrong")})

    assert [each["client_id"] for each in logged] == ["unknown"]


def test_what_is_counted_for_nobody_is_not_kept(server: InProcessServer) -> None:
    environment = server.environment()
    environment.usage.take(server.clock())
    refuse(environment, metadata.TOKEN, unknown_id())

    assert environment.usage.take(server.clock()) is None


def test_refusals_of_nobody_leave_room_for_those_of_clients(
    server: InProcessServer, client: Client
) -> None:
    environment = server.environment()
    environment.usage.take(server.clock())
    for number in range(300):
        header = basic(unknown_id(), "wrong")
        with pytest.raises(OAuthError):
            _ask_from(environment, header, f"198.51.{number // 250}.{number % 250}")
    refuse(environment, metadata.TOKEN, client.client_id)

    batch = environment.usage.take(server.clock())
    assert batch
    assert [told.application.client_id for told in batch.refusals.values()] == [client.client_id]


def test_a_client_that_is_used_between_two_wrong_secrets_stays_as_cheap_as_nobody(
    server: InProcessServer, client: Client
) -> None:
    environment = server.environment()
    refuse(environment, metadata.TOKEN, client.client_id)
    server.token(client)

    with asked(environment.database) as statements:
        refuse(environment, metadata.TOKEN, client.client_id)

    assert statements == []


def test_a_change_makes_both_ask_anew(
    server: InProcessServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, nobody = server.environment(), unknown_id()
    monkeypatch.setattr(environment.database, "direct_reads", None)
    for client_id in (client.client_id, nobody):
        refuse(environment, metadata.TOKEN, client_id)
    server.register()  # drops what is known to be absent

    environment.catch_up()

    for client_id in (client.client_id, nobody):
        assert refuse(environment, metadata.TOKEN, client_id)[1] == 1


def _ask_from(environment: ServedEnvironment, header: str, source: str) -> None:
    arrived = Request({b"authorization": header.encode()}, b"", b"", source)
    for _ in range(2):
        returned = ROUTES[metadata.TOKEN].endpoint(environment, arrived)
        assert isinstance(returned, NeedsThread)
        returned.work()
