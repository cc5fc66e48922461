"""A mistyped client id reaches the owner of the application that was meant, and nobody else."""

import secrets

import pytest

from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.counter import UsageCounter
from gatepass.server.domain.usage.model import Refusal
from gatepass.server.domain.usage.unknown_clients.gathering import (
    MOST,
    UnknownClient,
    UnknownClients,
)
from gatepass.server.domain.usage.unknown_clients.model import (
    LONGEST,
    distance,
    is_comparable,
    one_edit_away,
)
from gatepass.server.domain.usage.unknown_clients.operations import attribute
from gatepass.server.environment import maintenance
from gatepass.wire import metadata
from gatepass.wire.credential import Kind, Mode, mint
from server.fixtures import Client, InProcessServer, basic
from server.statements import asked

ID = mint(Kind.CLIENT_ID, Mode.LIVE, bytes(range(16)))


def other(character: str) -> str:
    return "x" if character != "x" else "y"


def replaced(text: str, at: int) -> str:
    return text[:at] + other(text[at]) + text[at + 1 :]


def swapped(text: str, at: int) -> str:
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def send(server: InProcessServer, client_id: str, source: str = "192.0.2.9") -> None:
    header = {"Authorization": basic(client_id, "wrong")}
    answer = server.send("POST", metadata.TOKEN, headers=header, source=source)
    assert answer.status_code == 401


def shown(server: InProcessServer, client: Client) -> list[Refusal]:
    """Return the refusals that the application's page shows."""
    maintenance.flush(server.environment())
    with server.environment().database.read() as connection:
        return store.recent(connection, client.application.id)


@pytest.mark.parametrize(
    ("one", "two", "edits"),
    [
        ("abcdef", "abcdef", 0),
        ("abcdef", "abdef", 1),
        ("abcdef", "abccdef", 1),
        ("abcdef", "abxdef", 1),
        ("abcdef", "abdcef", 1),
        ("abcdef", "badcef", 2),
        ("abcdef", "bcdefg", 2),
        ("abcdef", "abc", 3),
        ("abcdef", "fedcba", 3),
        ("", "ab", 2),
        ("a" * 1000, "a", 3),
    ],
)
def test_the_distance_counts_edits_up_to_three(one: str, two: str, edits: int) -> None:
    assert distance(one, two) == distance(two, one) == edits


@pytest.mark.parametrize("at", range(len(ID) - 1))
def test_the_checksum_finds_the_id_that_one_edit_was_made_in(at: int) -> None:
    assert one_edit_away(replaced(ID, at)) == [ID]


@pytest.mark.parametrize(
    "typed", [ID[1:], ID[:-1], "x" + ID, ID + "0", swapped(ID, 12), ID[:9] + "_" + ID[9:]]
)
def test_a_lost_an_added_and_a_swapped_character_are_found(typed: str) -> None:
    assert ID in one_edit_away(typed)


@pytest.mark.parametrize("typed", ["", "x", "gpc_live_", "\u00e4" * 36, "a" * 4096])
def test_what_has_not_our_form_has_no_candidates(typed: str) -> None:
    assert one_edit_away(typed) == []


@pytest.mark.parametrize(
    "typed",
    ["", "billing", "a" * (LONGEST + 1), "a-client-id\u00e9\u00e9", "a-client-id\0\x1b[31m"],
)
def test_what_is_short_long_or_not_printable_is_not_compared(typed: str) -> None:
    assert not is_comparable(typed)


@pytest.mark.parametrize("at", [0, 4, 9, 14, 22, 34])
def test_a_mistyped_client_id_is_a_refusal_of_the_application_that_was_meant(
    server: InProcessServer, at: int
) -> None:
    client = server.register()
    typed = replaced(client.client_id, at)
    for _ in range(3):
        send(server, typed)

    [refusal] = shown(server, client)
    assert refusal.kind.reason == "unknown_client"
    assert refusal.kind.note == f'mistyped client id "{typed}"'
    assert (refusal.kind.source, refusal.times) == ("192.0.2.9", 3)


def test_two_wrong_characters_are_found_and_three_are_not(server: InProcessServer) -> None:
    client = server.register()
    two = replaced(replaced(client.client_id, 20), 30)
    send(server, replaced(two, 33), "192.0.2.10")
    send(server, two)

    assert [each.kind.source for each in shown(server, client)] == ["192.0.2.9"]


def test_only_the_owner_of_the_near_id_sees_it(server: InProcessServer) -> None:
    meant, colleague, stranger = server.register(), server.register(), server.register()
    send(server, replaced(meant.client_id, 15))

    assert len(shown(server, meant)) == 1
    assert shown(server, colleague) == shown(server, stranger) == []


def test_an_id_as_near_to_one_application_as_to_another_is_shown_to_none(
    server: InProcessServer,
) -> None:
    one, two = server.register(), server.register()
    with server.environment().database.write() as connection:
        for client, name in ((one, "meters-client-1"), (two, "meters-client-2")):
            connection.exec_driver_sql(
                f"UPDATE application SET client_id = '{name}'"
                f" WHERE client_id = '{client.client_id}'"
            )
    send(server, "meters-client-3")

    assert shown(server, one) == shown(server, two) == []


def test_the_presented_id_that_exists_is_no_mistyped_one(server: InProcessServer) -> None:
    client = server.register()
    send(server, client.client_id)

    assert [each.kind.reason for each in shown(server, client)] == ["wrong_secret"]


def test_a_flood_of_unknown_ids_is_looked_at_within_a_bound(server: InProcessServer) -> None:
    environment, usage = server.environment(), UsageCounter()  # the server takes from its own
    for number in range(200):
        client_id = mint(Kind.CLIENT_ID, Mode.LIVE, secrets.token_bytes(16))[:-1]
        flooding = UnknownClient(client_id, f"192.0.2.{number}", b"")
        usage.unknown_clients.note(flooding, server.clock(), is_known=False)

    with asked(environment.database) as statements:
        attribute(environment.database, environment.applications, usage)

    assert 0 < len(statements) <= 4 * MOST


def test_one_source_leaves_room_for_another() -> None:
    gathered = UnknownClients()
    for number in range(100):
        gathered.note(UnknownClient(f"id {number}", "192.0.2.1", b""), 1.0, is_known=False)
    gathered.note(UnknownClient("id", "192.0.2.2", b""), 1.0, is_known=False)

    assert "192.0.2.2" in {each.source for each in gathered.take()}


def test_what_is_noted_of_known_clients_is_discarded() -> None:
    gathered = UnknownClients()
    gathered.note(UnknownClient(ID, "192.0.2.1", b""), 1.0, is_known=True)

    assert gathered.take() == {}
