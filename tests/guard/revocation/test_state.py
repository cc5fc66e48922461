"""A guard's state of revocations: pages in, "is it revoked" out."""

import pytest

from gatepass.guard.revocation import feed_page, state
from gatepass.guard.revocation.state import RevocationState
from guard.revocation.feed_server import JTI, NOW, TOKEN_ID, body

DAY = 24 * 3600
ISSUED_MS = 1_800_000_000_500


def knowing(**changed: object) -> RevocationState:
    """Return the state after one whole snapshot."""
    memory = RevocationState()
    learn(memory, reset=True, **changed)
    return memory


def learn(memory: RevocationState, **changed: object) -> None:
    memory.apply(feed_page.read(body(**changed)))


def test_a_revoked_token_is_known_by_its_name_and_no_other_is() -> None:
    memory = knowing(tokens={TOKEN_ID: int(NOW) + DAY})

    assert memory.is_revoked(JTI, "acme", NOW)
    assert not memory.is_revoked(JTI[:-1] + "0", "acme", NOW)
    assert not memory.is_revoked(TOKEN_ID, "acme", NOW)
    assert not memory.is_revoked(None, "acme", NOW)


@pytest.mark.parametrize("token_id", ["", "id", "x" * 44, "\u0663" * 44, JTI[:12] + "z" * 32])
def test_a_name_of_another_form_is_no_error(token_id: str) -> None:
    memory = knowing(tokens={TOKEN_ID: int(NOW) + DAY}, applications={"acme": ISSUED_MS})

    assert not memory.is_revoked(token_id, "other", NOW)
    assert memory.is_revoked(token_id, "acme", NOW)
    assert not memory.is_revoked(token_id, "acme", NOW + 1)


@pytest.mark.parametrize(("void_until", "is_void"), [(-1, False), (0, True), (1, True)])
def test_an_applications_tokens_are_parted_to_the_millisecond(
    void_until: int, *, is_void: bool
) -> None:
    memory = knowing(applications={"acme": ISSUED_MS + void_until})

    assert memory.is_revoked(JTI, "acme", NOW) is is_void
    assert not memory.is_revoked(JTI, "other", NOW)


def test_without_a_name_of_ours_the_second_of_issue_decides_and_none_is_old() -> None:
    memory = knowing(applications={"acme": ISSUED_MS})

    assert memory.is_revoked(None, "acme", NOW)
    assert not memory.is_revoked(None, "acme", NOW + 1)
    assert memory.is_revoked(None, "acme", None)
    assert not memory.is_revoked(None, "other", None)


def test_a_removed_key_proves_nothing() -> None:
    memory = knowing(keys=["old"])

    assert memory.is_revoked(None, "acme", NOW, "old")
    assert not memory.is_revoked(None, "acme", NOW, "new")
    assert not memory.is_revoked(None, "acme", NOW)


def test_an_application_that_is_enabled_again_is_good_again() -> None:
    memory = knowing(applications={"acme": 2**53 - 1})
    assert memory.is_revoked(JTI, "acme", NOW)

    learn(memory, applications={"acme": 0, "never heard of": 0})

    assert not memory.is_revoked(JTI, "acme", NOW)
    assert memory.counts() == {"tokens": 0, "applications": 0, "keys": 0}


def test_a_new_snapshot_replaces_what_was_known_when_it_is_whole_and_not_before() -> None:
    memory = knowing(applications={"acme": 2**53 - 1}, keys=["old"])

    learn(memory, reset=True, more=True, applications={"beta": 2**53 - 1})
    assert memory.is_revoked(JTI, "acme", NOW, "old")
    assert not memory.is_revoked(JTI, "beta", NOW)
    learn(memory, more=True, keys=["new"])
    learn(memory)

    assert not memory.is_revoked(JTI, "acme", NOW, "old")
    assert memory.is_revoked(JTI, "beta", NOW)
    assert memory.is_revoked(JTI, "acme", NOW, "new")


def test_what_concerns_only_expired_tokens_is_forgotten() -> None:
    memory = knowing(
        tokens={TOKEN_ID: int(NOW), "ff" * 16: int(NOW) + 1},
        applications={"old": int(NOW - 31 * DAY) * 1000 - 1, "all": 2**53 - 1, "acme": ISSUED_MS},
    )

    memory.prune(NOW)

    assert memory.counts() == {"tokens": 1, "applications": 2, "keys": 0}


@pytest.mark.parametrize("limit", ["MOST_TOKENS", "MOST_APPLICATIONS", "MOST_KEYS"])
def test_a_feed_that_tells_more_than_can_be_kept_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(state, limit, 1)
    memory = RevocationState()
    two = {"a" * 32: 1, "b" * 32: 1}

    with pytest.raises(ValueError, match="more than a guard keeps"):
        learn(memory, reset=True, tokens=two, applications=two, keys=list(two))
