"""What the trail says of a person is erased, on both databases, and the chain stays whole."""

from dataclasses import replace

import pytest

from contracts.audit_trail import Trail
from contracts.samples import AWKWARD
from gatepass.server.domain.audit import erasure
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain import store as chain
from gatepass.server.domain.audit.model import OPERATOR, Entry
from gatepass.server.storage.database import Database


@pytest.fixture
def trail(database: Database) -> Trail:
    return Trail(database)


def written(trail: Trail, **given: object) -> Entry:
    with trail.database.write() as connection:
        entry = replace(trail.entry(), **given)  # type: ignore[arg-type]
        audit.record(connection, entry)
    return entry


def entries(trail: Trail) -> list[Entry]:
    with trail.database.read() as connection:
        return [entry for _, entry in audit.every(connection)]


def erased(trail: Trail, *names: str) -> int:
    found = erasure.find(trail.context, names)
    return erasure.erase(trail.context, OPERATOR, found)


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"actor": "Zoë"}, {"actor": "erased", "source": "erased"}),
        ({"actor": "ZOË"}, {"actor": "erased", "source": "erased"}),
        ({"subject": "Zoë"}, {"subject": "erased", "detail": {"erased": "erased"}}),
        ({"detail": {"email": "zoe@example.com"}}, {"detail": {"erased": "erased"}}),
        ({"detail": {"before": "by ZOË, twice"}}, {"detail": {"erased": "erased"}}),
        ({"subject": "zoe@example.com", "detail": {}}, {"subject": "erased"}),
    ],
)
def test_each_field_that_names_the_person_is_erased(
    trail: Trail, given: dict[str, object], fields: dict[str, object]
) -> None:
    before = written(trail, **given)

    assert erased(trail, "Zoë", "zoe@example.com") == 1

    newest, entry = entries(trail)
    assert entry == replace(before, **fields)  # type: ignore[arg-type]
    assert (newest.action, newest.detail) == ("audit.erased", {"entries": "1"})
    report = trail.verify()
    assert (report.is_whole, report.erased) == (True, 1), report.findings


@pytest.mark.parametrize(
    "name", ["Zoëlle", "a-Zoë", "Zoë@example.com", "Zoë.b", "xzoe@example.com"]
)
def test_whoever_has_a_similar_name_stays(trail: Trail, name: str) -> None:
    written(trail, actor=name, subject=name, detail={"a": name})

    assert erased(trail, "Zoë", "zoe@example.com") == 0


def test_any_text_can_be_a_name(trail: Trail) -> None:
    written(trail, actor=AWKWARD)

    assert erased(trail, AWKWARD) == 1
    assert AWKWARD not in str(entries(trail))


def test_many_entries_are_erased_in_parts_that_each_say_so(trail: Trail) -> None:
    with trail.database.write() as connection:
        audit.record(connection, *(trail.entry() for _ in range(1100)))
    trail.checkpoint()

    assert erased(trail, "anna0") == 2

    report = trail.verify()
    assert (report.is_whole, report.erased) == (True, 1100), report.findings[:3]


def test_what_is_erased_besides_is_found(trail: Trail) -> None:
    written(trail, actor="Zoë")
    other = written(trail)
    erased(trail, "Zoë")

    trail.tamper("UPDATE audit SET actor = 'erased' WHERE actor = :actor", actor=other.actor)
    trail.tamper("UPDATE audit_link SET erased_by = 3, salts = :no WHERE number = 2", no=bytes(64))

    assert ("changed", 3) in trail.findings()


def test_what_is_erased_is_not_in_the_database(trail: Trail) -> None:
    written(trail, actor="Zoë")
    with trail.database.read() as connection:
        before = chain.after(connection, 0, 1)[0]

    erased(trail, "Zoë")

    with trail.database.read() as connection:
        after = chain.after(connection, 0, 1)[0]
    assert before.salts[:16] not in after.salts  # without it nobody can try names
    assert (before.digest, before.field_digests) == (after.digest, after.field_digests)
