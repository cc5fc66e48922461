"""The chain over the audit trail: whatever is changed behind its back is found, by its number."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.audit_trail import Trail
from contracts.samples import AWKWARD, HOUR, NOW
from gatepass.jose.signing import SigningKey, generate
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain import checkpoint, store
from gatepass.server.domain.audit.chain.operations import ChainBrokenError
from gatepass.server.domain.audit.model import KEPT, Entry
from gatepass.server.storage.database import Database


@pytest.fixture
def trail(database: Database) -> Trail:
    return Trail(database)


def test_a_trail_that_nobody_touched_is_whole(trail: Trail) -> None:
    trail.write()
    with trail.database.write() as connection:  # several in one transaction
        audit.record(connection, *(trail.entry(number) for number in range(3)))
        audit.record(connection, Entry(NOW, None, AWKWARD, AWKWARD, AWKWARD, detail={"a": AWKWARD}))
    trail.checkpoint()

    report = trail.verify()

    assert report.is_whole, report.findings
    assert (report.entries, report.first, report.last) == (9, 0, 9)
    assert (report.checkpoints, report.not_covered, report.erased) == (1, 0, 0)


def test_an_empty_trail_is_whole(trail: Trail) -> None:
    assert trail.verify().is_whole
    assert trail.checkpoint() is None


def test_what_is_undone_leaves_no_link(trail: Trail) -> None:
    trail.write(1)
    with trail.database.write() as connection:
        audit.record(connection, trail.entry())
        connection.rollback()
    trail.write(1)

    report = trail.verify()
    assert (report.is_whole, report.entries) == (True, 2)


_CHANGED: tuple[tuple[str, object], ...] = (
    ("at", 1),
    ("org_id", None),
    ("actor", "eve"),
    ("action", "c.d"),
    ("subject", "somebody"),
    ("subject", "erased"),
    ("result", "refused"),
    ("source", "203.0.113.9"),
    ("detail", "{}"),
    ("detail", '{"client_id":  "gpc_2"}'),
    ("detail", "no JSON"),
)


def test_a_change_of_each_column_is_found(trail: Trail) -> None:
    third = trail.write()[2]

    for column, value in _CHANGED:
        with trail.changed("audit", column, value, f"id = {third}"):
            assert trail.findings() == [("changed", third)], (column, value)
    assert trail.verify().is_whole


def test_a_change_of_each_column_of_a_link_is_found(trail: Trail) -> None:
    third = trail.write()[2]

    for column in ("digest", "field_digests", "salts"):
        with trail.changed("audit_link", column, b"\x01", f"audit_id = {third}"):
            assert ("changed", third) in trail.findings(), column
    assert trail.verify().is_whole


def test_what_is_marked_as_erased_without_an_erasure_is_found(trail: Trail) -> None:
    third = trail.write()[2]
    with trail.database.read() as connection:
        salts = store.links_of(connection, [third])[third].salts

    trail.tamper("UPDATE audit SET actor = 'erased' WHERE id = :id", id=third)
    trail.tamper(
        "UPDATE audit_link SET salts = :salts WHERE audit_id = :id",
        salts=bytes(16) + salts[16:],
        id=third,
    )
    assert trail.findings() == [("changed", 0)]
    trail.tamper("UPDATE audit_link SET erased_by = 2 WHERE audit_id = :id", id=third)
    assert trail.findings() == [("changed", 2)]


@pytest.mark.parametrize("at", [0, 2, 4])
def test_a_deleted_entry_is_found(trail: Trail, at: int) -> None:
    number = trail.write()[at]

    trail.tamper("DELETE FROM audit WHERE id = :id", id=number)

    assert trail.findings() == [("missing", number)]


@pytest.mark.parametrize("at", [0, 2])
def test_an_entry_deleted_with_its_link_is_found(trail: Trail, at: int) -> None:
    number = trail.write()[at]

    trail.tamper("DELETE FROM audit WHERE id = :id", id=number)
    trail.tamper("DELETE FROM audit_link WHERE audit_id = :id", id=number)

    assert ("missing", at + 1) in trail.findings()  # the number of the link


def test_a_deleted_link_is_found(trail: Trail) -> None:
    third = trail.write()[2]

    trail.tamper("DELETE FROM audit_link WHERE audit_id = :id", id=third)

    assert trail.findings() == [("missing", 3), ("added", third)]


def test_a_deleted_start_is_found(trail: Trail) -> None:
    trail.write()
    trail.tamper("DELETE FROM audit_link WHERE number < 2")

    assert ("missing", 2) in trail.findings()


def test_a_deleted_tail_is_found(trail: Trail) -> None:
    numbers = trail.write()

    trail.tamper("DELETE FROM audit WHERE id > :id", id=numbers[2])

    assert trail.findings() == [("missing", number) for number in numbers[3:]]


def test_a_tail_deleted_with_its_links_is_found_by_the_checkpoint(trail: Trail) -> None:
    numbers = trail.write()
    trail.checkpoint()

    trail.tamper("DELETE FROM audit WHERE id > :id", id=numbers[2])
    trail.tamper("DELETE FROM audit_link WHERE audit_id > :id", id=numbers[2])

    assert trail.findings() == [("missing", 5)]


def test_swapped_entries_are_found(trail: Trail) -> None:
    numbers = trail.write()

    for before, after in ((numbers[1], 900), (numbers[3], numbers[1]), (900, numbers[3])):
        trail.tamper("UPDATE audit SET id = :new WHERE id = :old", old=before, new=after)

    assert trail.findings() == [("reordered", numbers[1]), ("reordered", numbers[3])]


def test_swapped_links_are_found(trail: Trail) -> None:
    numbers = trail.write()

    moves = ((numbers[1], 900), (numbers[3], numbers[1]), (900, numbers[3]))
    for before, after in moves:
        trail.tamper(
            "UPDATE audit_link SET audit_id = :new WHERE audit_id = :old", old=before, new=after
        )

    assert {kind for kind, _ in trail.findings()} >= {"reordered"}


def test_an_inserted_entry_is_found(trail: Trail) -> None:
    numbers = trail.write()
    trail.tamper("UPDATE audit SET id = id + 100 WHERE id > :id", id=numbers[2])
    trail.tamper("UPDATE audit_link SET audit_id = audit_id + 100 WHERE number > 3")
    assert {kind for kind, _ in trail.findings()} == {"changed"}

    trail.tamper(
        "INSERT INTO audit (id, at, actor, action, subject, result, source, detail) "
        "VALUES (50, 1, 'eve', 'a', '', 'ok', '', '{}')"
    )
    assert ("added", 50) in trail.findings()


def test_a_rewritten_chain_is_found_by_the_checkpoint(trail: Trail) -> None:
    third = trail.write()[2]
    trail.checkpoint()
    trail.tamper("UPDATE audit SET actor = 'eve' WHERE id = :id", id=third)
    trail.link_again()

    assert trail.findings() == [("checkpoint", 5)]
    trail.write(1)
    with pytest.raises(ChainBrokenError, match="audit verify"):
        trail.checkpoint()


def test_a_trail_rewritten_with_its_checkpoints_is_found_by_one_from_outside(trail: Trail) -> None:
    third = trail.write()[2]
    made = trail.checkpoint()
    assert made
    trail.tamper("UPDATE audit SET actor = 'eve' WHERE id = :id", id=third)
    trail.link_again()
    trail.tamper("DELETE FROM audit_checkpoint")
    trail.checkpoint()

    assert trail.verify().is_whole
    assert trail.findings([made.statement]) == [("checkpoint", 5)]


def test_a_chain_that_begins_again_is_no_checkpoints(trail: Trail) -> None:
    trail.write()
    trail.checkpoint()
    trail.tamper("DELETE FROM audit_link")
    trail.write(1)

    assert trail.findings() == [("missing", 5)]
    with pytest.raises(ChainBrokenError):
        trail.checkpoint()


def test_a_trail_of_an_older_backup_is_found_by_a_checkpoint_from_outside(trail: Trail) -> None:
    trail.write()
    trail.checkpoint()
    trail.write()
    made = trail.checkpoint()
    assert made
    trail.tamper("DELETE FROM audit WHERE id > 5")
    trail.tamper("DELETE FROM audit_link WHERE number > 5")
    trail.tamper("DELETE FROM audit_checkpoint WHERE number > 5")

    assert trail.verify().is_whole
    assert trail.findings([made.statement]) == [("missing", 10)]


def test_a_change_of_each_column_of_a_checkpoint_is_found(trail: Trail) -> None:
    for _ in range(3):
        trail.write(1)
        trail.checkpoint()
    with trail.database.read() as connection:
        first = store.all_checkpoints(connection)[0]

    for column, value in (
        ("statement", "x"),
        ("statement", first.statement),
        ("public_key", "{}"),
        ("public_key", "x"),
        ("number", 9),
    ):
        with trail.changed("audit_checkpoint", column, value, "number = 2", "number = 9"):
            assert {kind for kind, _ in trail.findings()} >= {"checkpoint"}, (column, value)
    assert trail.verify().is_whole


@pytest.mark.parametrize("number", [1, 2])
def test_a_deleted_checkpoint_is_found(trail: Trail, number: int) -> None:
    for _ in range(3):
        trail.write(1)
        trail.checkpoint()

    trail.tamper("DELETE FROM audit_checkpoint WHERE number = :number", number=number)

    assert {kind for kind, _ in trail.findings()} == {"checkpoint"}


def test_checkpoints_of_another_key_prove_nothing(trail: Trail) -> None:
    trail.write()
    trail.checkpoint(SigningKey("ES256", generate("ES256")))

    assert trail.findings() == [("checkpoint", 5)]


def test_a_key_that_was_deleted_since_is_vouched_for_by_the_next_one(trail: Trail) -> None:
    trail.write()
    trail.checkpoint(SigningKey("EdDSA", generate("EdDSA")))
    trail.write()
    trail.now -= HOUR

    made = trail.checkpoint()  # at once, as another key signs

    assert made
    assert trail.verify().is_whole


def test_a_checkpoint_is_made_each_hour_if_there_is_something_new(trail: Trail) -> None:
    trail.write(1)
    assert trail.checkpoint()
    assert trail.checkpoint() is None  # nothing new
    trail.write(1)
    assert trail.checkpoint()
    trail.write(1)
    trail.now -= HOUR
    assert trail.checkpoint() is None  # not yet


def test_the_entries_of_the_version_before_are_linked_by_the_next_one(trail: Trail) -> None:
    trail.write(2)
    for _ in range(3):
        trail.tamper(
            "INSERT INTO audit (at, actor, action, subject, result, source, detail) "
            "VALUES (1, 'old', 'a', '', 'ok', '', '{}')"
        )
    assert [kind for kind, _ in trail.findings()] == ["added"] * 3

    trail.write(1)

    report = trail.verify()
    assert (report.is_whole, report.entries) == (True, 6)


def test_what_was_there_before_the_chain_is_not_covered_and_said_so(trail: Trail) -> None:
    for _ in range(3):
        trail.tamper(
            "INSERT INTO audit (at, actor, action, subject, result, source, detail) "
            "VALUES (1, 'old', 'a', '', 'ok', '', '{}')"
        )
    trail.write(2)

    report = trail.verify()

    assert (report.is_whole, report.entries, report.not_covered) == (True, 2, 3)
    trail.tamper("DELETE FROM audit_link WHERE number = 1")
    trail.tamper("UPDATE audit_link SET audit_id = 4 WHERE number = 0")
    assert trail.findings() == [("changed", 4), ("missing", 1)]


def test_retention_ends_at_a_checkpoint_and_verification_begins_there(trail: Trail) -> None:
    trail.write(3)
    trail.checkpoint()
    numbers = trail.write(3)
    trail.checkpoint()
    trail.now = NOW + KEPT + timedelta(minutes=1)

    with trail.database.write() as connection:
        deleted = audit.prune(connection, trail.now - KEPT)

    report = trail.verify()
    assert deleted == 3
    assert trail.numbers() == numbers[3:]
    assert report.is_whole, report.findings
    assert (report.first, report.last, report.entries, report.checkpoints) == (3, 6, 3, 2)


def test_without_a_checkpoint_nothing_is_deleted(trail: Trail) -> None:
    numbers = trail.write(3)

    with trail.database.write() as connection:
        assert audit.prune(connection, NOW + HOUR) == 0

    assert trail.numbers() == numbers


def test_the_trail_is_whole_between_the_parts_of_a_long_deletion(trail: Trail) -> None:
    trail.write(7)
    trail.checkpoint()
    trail.write(1)
    trail.checkpoint()
    trail.now = NOW + KEPT + timedelta(minutes=1)

    deleted: list[int] = []
    while not deleted or deleted[-1] == 3:
        with trail.database.write() as connection:
            deleted.append(audit.prune(connection, trail.now - KEPT, 3))
        report = trail.verify()
        assert report.is_whole, report.findings

    assert deleted == [3, 3, 1]
    trail.write(1)
    assert trail.verify().is_whole


def test_more_than_retention_allows_is_missed(trail: Trail) -> None:
    trail.write(3)
    trail.checkpoint()
    trail.write(3)
    trail.checkpoint()

    trail.tamper("DELETE FROM audit WHERE id < 4")
    trail.tamper("DELETE FROM audit_link WHERE number < 3")
    trail.tamper("DELETE FROM audit_checkpoint WHERE number < 3")

    assert ("missing", 3) in trail.findings()


def test_after_everything_was_deleted_the_chain_goes_on(trail: Trail) -> None:
    trail.write(2)
    trail.checkpoint()
    with trail.database.write() as connection:
        assert audit.prune(connection, datetime.max.replace(tzinfo=UTC)) == 2
    trail.write(1)

    trail.now = NOW + KEPT + timedelta(days=1)
    report = trail.verify()
    assert report.is_whole, report.findings
    assert report.last == 3


def test_entries_are_written_even_where_the_chain_is_damaged(trail: Trail) -> None:
    trail.write(2)
    trail.tamper("UPDATE audit_link SET audit_id = 1000000 WHERE number = 2")

    assert trail.write(1)[-1] == 3
    assert {"missing", "added"} <= {kind for kind, _ in trail.findings()}


_WRITER = """
import sys
from contracts.audit_trail import Trail
from gatepass.server.storage.database import Database

Trail(Database(sys.argv[1])).write(40)
"""


def test_two_processes_that_write_at_once_make_one_chain(trail: Trail, url: str) -> None:
    trail.write(1)
    command = [sys.executable, "-c", _WRITER, url]
    found = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, env=found) as one, subprocess.Popen(command, env=found) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0)

    report = trail.verify()
    assert report.is_whole, report.findings
    assert (report.entries, report.last) == (81, 81)


def test_statements_are_found_in_the_lines_of_a_log(trail: Trail) -> None:
    trail.write(1)
    made = trail.checkpoint()
    assert made
    token = trail.key.sign(b"{}")
    lines = [f'{{"checkpoint": "{made.statement}", "n": 1}}', f"x={token}", "eyJ.a.b", AWKWARD]

    assert list(checkpoint.found_in(lines)) == [made.statement]
