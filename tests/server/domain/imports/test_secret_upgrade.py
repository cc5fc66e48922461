"""The first use of an imported secret, and what refusing one costs."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.imports import django_hashers, hash_verification
from gatepass.server.domain.imports.hash_verification import (
    MOST_WAITING,
    MOST_WRONG,
    THREADS,
    HashingPool,
)
from gatepass.server.domain.throttling.client_failures import MOST_FAILURES, WINDOW
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from gatepass.wire.secret import Secret
from server.domain.imports.samples import QUICK, bring, brought, client, found
from server.fixtures import GRANT, HERE, Client, InProcessServer, refused, standing_still, whole

RIGHT = Secret(QUICK["secret"])
PLAIN = Secret("hmx9vQ4PwvNg8SKJ2BqT7z")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was verified slowly so far; the verification itself is the real one."""
    verified: list[str] = []
    real = django_hashers.verify

    def verify(encoded: str, secret: Secret) -> bool:
        verified.append(encoded)
        return real(encoded, secret)

    monkeypatch.setattr(django_hashers, "verify", verify)
    return verified


def nobody(known: Client, client_id: str = "nobody") -> Client:
    return known._replace(application=replace(known.application, client_id=client_id))


@pytest.mark.parametrize("path", [TOKEN, INTROSPECT, REVOKE])
def test_an_old_id_and_secret_work_at_every_endpoint(fresh: InProcessServer, path: str) -> None:
    bring(fresh, found())
    old = client(fresh)

    answer = fresh.post(path, by=old, data=GRANT | {"token": "x"})

    assert answer.status_code == 200, answer.text


def test_the_first_use_puts_the_fast_digest_in_the_place_of_the_hash(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    old = client(fresh)
    for _ in range(3):
        fresh.token(old)
    (secret,) = brought(fresh).secrets

    assert slow == [QUICK["encoded"]]
    assert secret.encoded is None
    assert RIGHT.matches(secret.digest)
    assert secret.last_four == RIGHT.value[-4:]


def test_the_digest_is_durable(tmp_path: Path, slow: list[str]) -> None:
    with standing_still(tmp_path / "data") as before:
        bring(before, found())
        before.token(client(before))
    with standing_still(tmp_path / "data") as after:
        after.token(client(after))

    assert len(slow) == 1


def test_an_import_is_known_to_a_server_that_starts_later(tmp_path: Path) -> None:
    with standing_still(tmp_path / "data") as before:
        bring(before, found())
    with standing_still(tmp_path / "data") as after:
        assert after.environment().state.has_imported
        assert after.environment().state.legacy_hashes.sample == QUICK["encoded"]
        after.token(client(after))


def test_a_plain_secret_works_without_slow_work(fresh: InProcessServer, slow: list[str]) -> None:
    bring(fresh, found(kept=PLAIN, was_hashed=False))
    fresh.token(client(fresh, secret=PLAIN.value))

    assert slow == []


def test_when_the_last_hash_is_replaced_nothing_slow_is_left(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    old = client(fresh)
    fresh.token(old)
    assert fresh.environment().state.legacy_hashes.sample is None

    assert fresh.ask(old.having(Secret("wrong"))).status_code == 401
    assert fresh.ask(nobody(old)).status_code == 401
    assert len(slow) == 1


def test_a_wrong_secret_and_an_unknown_client_get_the_same_answer_for_the_same_work(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    known = client(fresh, secret="wrong")
    answers = [fresh.ask(each) for each in (known, nobody(known))]

    assert whole(answers[0]) == whole(answers[1])
    assert refused(answers[0]) == (401, "invalid_client")
    assert slow == [QUICK["encoded"]] * 2


def test_so_does_an_imported_client_that_has_no_hash_any_more(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found(), found(client_id="plain", kept=PLAIN, was_hashed=False))

    assert fresh.ask(client(fresh, "plain", "wrong")).status_code == 401
    assert len(slow) == 1


def test_ids_of_our_own_form_cost_nothing_slow(fresh: InProcessServer, slow: list[str]) -> None:
    bring(fresh, found())
    ours = fresh.register()

    fresh.token(ours)
    assert fresh.ask(ours.having(Secret("wrong"))).status_code == 401
    assert slow == []


def test_a_wrong_secret_is_verified_once(fresh: InProcessServer, slow: list[str]) -> None:
    bring(fresh, found())
    known = client(fresh, secret="wrong")
    for each in (known, known, nobody(known), nobody(known)):
        assert fresh.ask(each).status_code == 401

    assert len(slow) == 2


def test_what_is_remembered_of_wrong_secrets_is_bounded(
    fresh: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_verification, "MOST_REMEMBERED", 3)
    hashes = fresh.environment().state.legacy_hashes
    for number in range(5):
        hashes.remember_wrong("acme", [Secret(f"wrong {number}")], HERE, 0)

    assert [hashes.are_wrong("acme", [Secret(f"wrong {number}")]) for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_the_failure_budget_comes_before_the_slow_work(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    known = client(fresh)
    for each in (known, nobody(known)):
        for number in range(MOST_FAILURES):
            assert fresh.ask(each.having(Secret(f"wrong {number}"))).status_code == 401
        done = len(slow)
        answer = fresh.ask(each.having(Secret("one more")))
        assert refused(answer) == (429, "temporarily_unavailable")
        assert len(slow) == done
    fresh.clock.advance(WINDOW)

    fresh.token(known)


def test_a_source_that_tries_many_client_ids_runs_out_of_slow_work(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    known = client(fresh)
    plain = known.having(Secret("plain"))  # the same raw and form-url-encoded
    for number in range(MOST_WRONG):
        assert fresh.ask(nobody(plain, f"nobody {number}")).status_code == 401
    answers = [fresh.ask(nobody(plain)), fresh.ask(known.having(Secret("wrong")))]

    assert len(slow) == MOST_WRONG
    assert whole(answers[0]) == whole(answers[1])
    assert refused(answers[0]) == (429, "temporarily_unavailable")
    assert fresh.ask(known, source="198.51.100.1").status_code == 200


def test_a_few_verifications_run_at_a_time_and_only_so_many_wait() -> None:
    thread = HashingPool("test")
    release = threading.Event()
    running: list[int] = []

    def work() -> None:
        running.append(1)
        release.wait()

    futures = [thread.submit(work) for _ in range(MOST_WAITING)]
    with pytest.raises(OAuthError) as busy:
        thread.submit(work)
    assert len(running) <= THREADS
    release.set()
    for each in futures:
        each.result()

    assert (busy.value.status, busy.value.retry_after) == (503, 5)
    assert thread.submit(lambda: 7).result() == 7
    thread.shutdown()


def test_as_many_partners_as_a_large_site_has_may_arrive_at_once() -> None:
    assert MOST_WAITING >= 100


def test_the_programs_of_a_partner_that_arrive_at_once_cost_one_verification(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    environment = fresh.environment()
    kept = environment.applications.load("acme")
    works = [environment.secret_upgrade.pending("acme", kept, (RIGHT,), HERE) for _ in range(5)]

    assert [work() for work in works if work] == [True] * 5
    assert len(slow) == 1


def test_a_wrong_secret_that_arrives_often_at_once_costs_one_verification(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    environment, kept = fresh.environment(), brought(fresh)
    works = [
        environment.secret_upgrade.pending("acme", kept, (Secret("wrong"),), HERE) for _ in range(5)
    ]

    assert [work() for work in works if work] == [False] * 5
    assert len(slow) == 1


@pytest.mark.parametrize(
    "encoded",
    [
        "$2a$04$eLIKUYojUa8XdR8hoCVtg.ZXjYILBaztQ2sYizWHw8rz2URtaEQaa",
        "$argon2id$v=19$m=8,t=1,p=1$3fksT3QDT7d/yMsot/P3KA$hIWFYI5+9RbFHWQL62go901i8T9Lo1iBAilYHy30HLQ",
    ],
    ids=["bcrypt", "argon2"],
)
def test_a_hash_as_its_library_writes_it_is_verified(fresh: InProcessServer, encoded: str) -> None:
    bring(fresh, found(kept=Secret(encoded)))
    right = client(fresh)._replace(secret=Secret("s3cret-of-a-partner"))

    assert fresh.ask(right._replace(secret=Secret("another"))).status_code == 401
    fresh.token(right)
    assert brought(fresh).secrets[0].encoded is None


def test_two_first_uses_side_by_side_leave_one_digest(fresh: InProcessServer) -> None:
    bring(fresh, found())
    environment, kept = fresh.environment(), brought(fresh)

    assert environment.secret_upgrade.upgrade(kept, (RIGHT,), HERE)
    assert environment.secret_upgrade.upgrade(kept, (RIGHT,), HERE)  # whose copy is of before
    assert RIGHT.matches(brought(fresh).secrets[0].digest)


def test_a_wrong_secret_never_replaces_the_hash(fresh: InProcessServer) -> None:
    bring(fresh, found())
    before = brought(fresh)

    assert not fresh.environment().secret_upgrade.upgrade(before, (Secret("wrong"),), HERE)
    assert brought(fresh) == before


def test_with_the_database_away_the_first_use_waits_and_is_not_lost(fresh: InProcessServer) -> None:
    bring(fresh, found())
    old = client(fresh)
    fresh.environment().applications.load("acme")
    database = fresh.environment().database
    fresh.lose_database()
    assert fresh.ask(old).status_code == 503
    fresh.environment().database = database

    fresh.token(old)


def test_after_a_rotation_the_old_secret_works_until_it_ends(
    fresh: InProcessServer, slow: list[str]
) -> None:
    bring(fresh, found())
    old = client(fresh)
    hour = timedelta(hours=1)
    new = applications.rotate(
        fresh.environment().context, OPERATOR, old.application.id, hour, old.application.org_id
    )
    fresh.token(old.having(new.secret))
    assert slow == []
    fresh.token(old)
    fresh.clock.advance(3601)

    assert fresh.ask(old).status_code == 401
    fresh.token(old.having(new.secret))


def test_a_disabled_application_learns_no_more_than_another(fresh: InProcessServer) -> None:
    bring(fresh, found())
    old = client(fresh)
    applications.set_enabled(
        fresh.environment().context, OPERATOR, old.application.id, enabled=False, org_id=None
    )

    assert whole(fresh.ask(old)) == whole(fresh.ask(old.having(Secret("wrong"))))


def test_without_an_import_foreign_ids_are_not_asked_for(fresh: InProcessServer) -> None:
    unknown = nobody(fresh.register())
    fresh.lose_database()

    assert fresh.ask(unknown).status_code == 401


def test_a_client_id_that_is_too_long_to_be_imported_is_not_asked_for(
    fresh: InProcessServer,
) -> None:
    bring(fresh, found(kept=PLAIN, was_hashed=False))
    known = client(fresh, secret=PLAIN.value)
    fresh.lose_database()

    assert fresh.ask(nobody(known, "x" * 256)).status_code == 401
    assert fresh.ask(nobody(known, "x" * 255)).status_code == 503


def test_nothing_is_pending_where_memory_can_answer(fresh: InProcessServer) -> None:
    bring(fresh, found())
    environment, kept = fresh.environment(), brought(fresh)

    assert environment.secret_upgrade.pending("acme", kept, (RIGHT,), HERE)
    environment.secret_upgrade.upgrade(kept, (RIGHT,), HERE)
    assert environment.secret_upgrade.pending("acme", brought(fresh), (RIGHT,), HERE) is None


def test_while_the_line_is_full_old_hashes_get_503_and_all_others_are_served(
    fresh: InProcessServer,
) -> None:
    bring(fresh, found())
    known, ours = client(fresh), fresh.register()
    release = threading.Event()
    thread = fresh.environment().state.legacy_hashes.pool
    futures = [thread.submit(release.wait) for _ in range(MOST_WAITING)]
    answers = [fresh.ask(known), fresh.ask(nobody(known))]
    served = fresh.ask(ours)
    release.set()
    for each in futures:
        each.result()

    assert whole(answers[0]) == whole(answers[1])
    assert refused(answers[0]) == (503, "temporarily_unavailable")
    assert answers[0].headers["retry-after"] == "5"
    assert served.status_code == 200
    fresh.token(known)
