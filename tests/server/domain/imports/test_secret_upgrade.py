"""The first use of an imported secret, and what refusing one costs."""

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.imports import django_hashers, hash_verification
from gatepass.server.domain.imports.hash_verification import (
    MOST_WAITING,
    MOST_WRONG,
    THREADS,
    HashingPool,
    LegacyHashes,
)
from gatepass.server.domain.throttling.client_failures import MOST_FAILURES, WINDOW
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from gatepass.wire.secret import Secret
from server.domain.imports.samples import QUICK, bring, brought, cached, client, found
from server.fixtures import (
    GRANT,
    HERE,
    Client,
    InProcessServer,
    open_passive_server,
    refused,
    whole,
)

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
def test_an_old_id_and_secret_work_at_every_endpoint(
    fresh_server: InProcessServer, path: str
) -> None:
    bring(fresh_server, found())
    old = client(fresh_server)

    answer = fresh_server.post(path, by=old, data=GRANT | {"token": "x"})

    assert answer.status_code == 200, answer.text


def test_the_first_use_puts_the_fast_digest_in_the_place_of_the_hash(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    old = client(fresh_server)
    for _ in range(3):
        fresh_server.token(old)
    (secret,) = brought(fresh_server).secrets

    assert slow == [QUICK["encoded"]]
    assert secret.encoded is None
    assert RIGHT.matches(secret.digest)
    assert secret.last_four == RIGHT.value[-4:]


def test_the_digest_is_durable(tmp_path: Path, slow: list[str]) -> None:
    with open_passive_server(tmp_path / "data") as before:
        bring(before, found())
        before.token(client(before))
    with open_passive_server(tmp_path / "data") as after:
        after.token(client(after))

    assert len(slow) == 1


def test_an_import_is_known_to_a_server_that_starts_later(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as before:
        bring(before, found())
    with open_passive_server(tmp_path / "data") as after:
        assert after.environment().state.has_imported
        assert after.environment().state.legacy_hashes.sample == QUICK["encoded"]
        after.token(client(after))


def test_a_plain_secret_works_without_slow_work(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found(kept=PLAIN, was_hashed=False))
    fresh_server.token(client(fresh_server, secret=PLAIN.value))

    assert slow == []


def test_when_the_last_hash_is_replaced_nothing_slow_is_left(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    old = client(fresh_server)
    fresh_server.token(old)
    assert fresh_server.environment().state.legacy_hashes.sample is None

    assert fresh_server.ask(old.having(Secret("wrong"))).status_code == 401
    assert fresh_server.ask(nobody(old)).status_code == 401
    assert len(slow) == 1


def test_a_wrong_secret_and_an_unknown_client_get_the_same_answer_for_the_same_work(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    known = client(fresh_server, secret="wrong")
    answers = [fresh_server.ask(each) for each in (known, nobody(known))]

    assert whole(answers[0]) == whole(answers[1])
    assert refused(answers[0]) == (401, "invalid_client")
    assert slow == [QUICK["encoded"]] * 2


def test_so_does_an_imported_client_that_has_no_hash_any_more(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found(), found(client_id="plain", kept=PLAIN, was_hashed=False))

    assert fresh_server.ask(client(fresh_server, "plain", "wrong")).status_code == 401
    assert len(slow) == 1


def test_ids_of_our_own_form_cost_nothing_slow(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    ours = fresh_server.register()

    fresh_server.token(ours)
    assert fresh_server.ask(ours.having(Secret("wrong"))).status_code == 401
    assert slow == []


def test_a_wrong_secret_is_verified_once(fresh_server: InProcessServer, slow: list[str]) -> None:
    bring(fresh_server, found())
    known = client(fresh_server, secret="wrong")
    for each in (known, known, nobody(known), nobody(known)):
        assert fresh_server.ask(each).status_code == 401

    assert len(slow) == 2


def test_what_is_remembered_of_wrong_secrets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hash_verification, "MOST_REMEMBERED", 3)
    hashes = LegacyHashes("production")
    for number in range(5):
        hashes.remember_wrong("acme", [Secret(f"wrong {number}")], HERE, 0)

    assert [hashes.are_wrong("acme", [Secret(f"wrong {number}")]) for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_the_limit_on_failures_comes_before_the_slow_work(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    known = client(fresh_server)
    for each in (known, nobody(known)):
        for number in range(MOST_FAILURES):
            assert fresh_server.ask(each.having(Secret(f"wrong {number}"))).status_code == 401
        done = len(slow)
        answer = fresh_server.ask(each.having(Secret("one more")))
        assert refused(answer) == (429, "temporarily_unavailable")
        assert len(slow) == done
    fresh_server.clock.advance(WINDOW)

    fresh_server.token(known)


def test_a_source_that_tries_many_client_ids_runs_out_of_slow_work(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    known = client(fresh_server)
    plain = known.having(Secret("plain"))  # the same raw and form-url-encoded
    for number in range(MOST_WRONG):
        assert fresh_server.ask(nobody(plain, f"nobody {number}")).status_code == 401
    answers = [fresh_server.ask(nobody(plain)), fresh_server.ask(known.having(Secret("wrong")))]

    assert len(slow) == MOST_WRONG
    assert whole(answers[0]) == whole(answers[1])
    assert refused(answers[0]) == (429, "temporarily_unavailable")
    assert fresh_server.ask(known, source="198.51.100.1").status_code == 200


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
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    environment = fresh_server.environment()
    kept = environment.applications.load("acme")
    works = [environment.secret_upgrade.pending("acme", kept, (RIGHT,), HERE) for _ in range(5)]

    assert [work() for work in works if work] == [True] * 5
    assert len(slow) == 1


def test_a_wrong_secret_that_arrives_often_at_once_costs_one_verification(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    environment, kept = fresh_server.environment(), cached(fresh_server)
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
def test_a_hash_as_its_library_writes_it_is_verified(
    fresh_server: InProcessServer, encoded: str
) -> None:
    bring(fresh_server, found(kept=Secret(encoded)))
    right = client(fresh_server)._replace(secret=Secret("s3cret-of-a-partner"))

    assert fresh_server.ask(right._replace(secret=Secret("another"))).status_code == 401
    fresh_server.token(right)
    assert brought(fresh_server).secrets[0].encoded is None


def test_two_first_uses_side_by_side_leave_one_digest(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())
    environment, kept = fresh_server.environment(), cached(fresh_server)

    assert environment.secret_upgrade.upgrade(kept, (RIGHT,), HERE)
    assert environment.secret_upgrade.upgrade(kept, (RIGHT,), HERE)  # whose copy is of before
    assert RIGHT.matches(brought(fresh_server).secrets[0].digest)


def test_a_wrong_secret_never_replaces_the_hash(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())
    before = brought(fresh_server)

    upgrade = fresh_server.environment().secret_upgrade.upgrade
    assert not upgrade(CachedApplication.of(before), (Secret("wrong"),), HERE)
    assert brought(fresh_server) == before


def test_with_the_database_away_the_first_use_waits_and_is_not_lost(
    fresh_server: InProcessServer,
) -> None:
    bring(fresh_server, found())
    old = client(fresh_server)
    fresh_server.environment().applications.load("acme")
    fresh_server.lose_database()
    assert fresh_server.ask(old).status_code == 503
    fresh_server.find_database()

    fresh_server.token(old)


def test_after_a_rotation_the_old_secret_works_until_it_ends(
    fresh_server: InProcessServer, slow: list[str]
) -> None:
    bring(fresh_server, found())
    old = client(fresh_server)
    hour = timedelta(hours=1)
    new = secret_operations.rotate(
        fresh_server.environment().context,
        OPERATOR,
        old.application.id,
        hour,
        old.application.org_id,
    )
    fresh_server.token(old.having(new.secret))
    assert slow == []
    fresh_server.token(old)
    fresh_server.clock.advance(3601)

    assert fresh_server.ask(old).status_code == 401
    fresh_server.token(old.having(new.secret))


def test_a_disabled_application_learns_no_more_than_another(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())
    old = client(fresh_server)
    applications.set_enabled(
        fresh_server.environment().context, OPERATOR, old.application.id, enabled=False, org_id=None
    )

    assert whole(fresh_server.ask(old)) == whole(fresh_server.ask(old.having(Secret("wrong"))))


def test_without_an_import_foreign_ids_are_not_asked_for(fresh_server: InProcessServer) -> None:
    unknown = nobody(fresh_server.register())
    fresh_server.lose_database()

    assert fresh_server.ask(unknown).status_code == 401


def test_a_client_id_that_is_too_long_to_be_imported_is_not_asked_for(
    fresh_server: InProcessServer,
) -> None:
    bring(fresh_server, found(kept=PLAIN, was_hashed=False))
    known = client(fresh_server, secret=PLAIN.value)
    fresh_server.lose_database()

    assert fresh_server.ask(nobody(known, "x" * 256)).status_code == 401
    assert fresh_server.ask(nobody(known, "x" * 255)).status_code == 503


def test_nothing_is_pending_where_memory_can_answer(fresh_server: InProcessServer) -> None:
    bring(fresh_server, found())
    environment, kept = fresh_server.environment(), cached(fresh_server)

    assert environment.secret_upgrade.pending("acme", kept, (RIGHT,), HERE)
    environment.secret_upgrade.upgrade(kept, (RIGHT,), HERE)
    assert environment.secret_upgrade.pending("acme", cached(fresh_server), (RIGHT,), HERE) is None


def test_while_the_line_is_full_old_hashes_get_503_and_all_others_are_served(
    fresh_server: InProcessServer,
) -> None:
    bring(fresh_server, found())
    known, ours = client(fresh_server), fresh_server.register()
    release = threading.Event()
    thread = fresh_server.environment().state.legacy_hashes.pool
    futures = [thread.submit(release.wait) for _ in range(MOST_WAITING)]
    answers = [fresh_server.ask(known), fresh_server.ask(nobody(known))]
    served = fresh_server.ask(ours)
    release.set()
    for each in futures:
        each.result()

    assert whole(answers[0]) == whole(answers[1])
    assert refused(answers[0]) == (503, "temporarily_unavailable")
    assert answers[0].headers["retry-after"] == "5"
    assert served.status_code == 200
    fresh_server.token(known)
