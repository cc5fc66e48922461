"""Records: what is read from an answer, and what none shows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from gatepass.admin.operations.records.applications import Application, Credentials
from gatepass.admin.operations.records.organizations import Created, Organization
from gatepass.admin.operations.records.system import AuditEntry, Keys, System
from gatepass.admin.records import Effect, Record, read, read_effect
from gatepass.server.admin.operations import examples, organizations
from gatepass.wire.secret import Secret


def test_a_record_has_the_types_of_python() -> None:
    found = read(Organization, examples.ORGANIZATION, '"tag"')

    assert found.id == UUID(examples.ORGANIZATION_ID)
    assert found.created_at == datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    assert found.suspended_at is None
    assert found.etag == '"tag"'


def test_a_field_of_a_newer_server_is_left_out() -> None:
    assert read(Organization, {**examples.ORGANIZATION, "colour": "red"}).name == "Acme Energy"


def test_a_field_that_an_older_server_does_not_send_is_none_where_it_may_be() -> None:
    given = {name: each for name, each in examples.ORGANIZATION.items() if name != "suspended_at"}
    assert read(Organization, given).suspended_at is None
    with pytest.raises(ValueError, match="name is not a text"):
        read(Organization, {**given, "name": None})


def test_a_word_of_a_newer_server_is_taken() -> None:
    assert read(Organization, {**examples.ORGANIZATION, "state": "archived"}).state == "archived"


def test_a_secret_is_in_no_representation() -> None:
    found = read(Created, {**organizations.CREATE.answer, "initial_password": "open-sesame-123"})

    assert found.initial_password == Secret("open-sesame-123")
    assert "open-sesame" not in f"{found!r} {found}"


def test_a_list_in_a_record_is_read_to_its_end() -> None:
    found = read(Application, examples.APPLICATION)

    assert found.networks == ("203.0.113.0/24",)
    assert found.secrets[0].id == UUID(examples.SECRET_ID)
    assert found.automatic_rotation.is_on is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secrets": [{**examples.SECRET, "id": "x"}]}, "secrets.0: id is not an id"),
        ({"secrets": {}}, "secrets is not a list"),
        ({"networks": ["a", 1]}, "networks.1 is not a text"),
        ({"token_lifetime": True}, "token_lifetime is not a whole number"),
        ({"token_lifetime": "60"}, "token_lifetime is not a whole number"),
        ({"automatic_rotation": None}, "automatic_rotation: it is not an object"),
        ({"automatic_rotation": {**examples.ROTATION, "is_on": 1}}, "is_on is not true or false"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(Application, {**examples.APPLICATION, **change})


def test_names_of_a_mapping_and_numbers_are_read() -> None:
    entry = {
        "number": 1,
        "at": "2026-11-02T08:30:00+01:00",
        "actor": "operator",
        "action": "login",
        "subject": "",
        "result": "ok",
        "source": "",
        "detail": {"reason": "none"},
    }
    assert read(AuditEntry, entry).detail == {"reason": "none"}
    feed = {"position": 1, "lag_seconds": 2, "waiting_guards": 0}
    system = {"version": "1", "database": "sqlite", "sends_mail": False, "problems": []}
    system |= {"newest_tables": "0032", "housekeeping": []}
    assert read(System, {**system, "feed": feed}).feed.lag_seconds == 2.0
    with pytest.raises(ValueError, match=r"detail\.reason is not a text"):
        read(AuditEntry, {**entry, "detail": {"reason": 7}})


def test_what_has_all_of_a_list_can_be_counted_and_iterated_over() -> None:
    key = {
        "id": 1,
        "purpose": "opaque",
        "kid": None,
        "state": "active",
        "created_at": "2026-11-02T08:30:00Z",
        "active_from": "2026-11-02T08:30:00Z",
        "verifies_until": None,
        "age_days": 2,
    }
    found = read(Keys, {"items": [key, key]})
    assert len(found) == 2
    assert [each.id for each in found] == [1, 1]


def test_an_effect_is_read_and_none_is_none() -> None:
    given = {"reversible": True, "sentences": ["1 stops."], "counts": {"applications": 1}}
    assert read_effect(given) == Effect(True, ("1 stops.",), {"applications": 1})
    assert read_effect(None) is None
    with pytest.raises(ValueError, match=r"effect\.counts\.a is not a whole number"):
        read_effect({**given, "counts": {"a": "1"}})


def test_records_are_equal_by_what_they_say_not_by_when_it_was_read() -> None:
    assert read(Organization, examples.ORGANIZATION, '"a"') == read(
        Organization, examples.ORGANIZATION, '"b"'
    )


def test_a_record_of_a_program_is_read_like_ours() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Pair(Record):
        first: str | None

    assert read(Pair, {"first": "x"}).first == "x"
    assert issubclass(Credentials, Record)
