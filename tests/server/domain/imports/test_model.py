from datetime import timedelta
from uuid import RFC_4122

import pytest

from gatepass.server.domain.imports import django_hashers
from gatepass.server.domain.imports.model import (
    NotImportable,
    SourceApplication,
    convert,
    name_of,
    new_id,
)
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.secret import Secret
from server.domain.imports.samples import MADE, QUICK, found


def test_an_application_with_a_hashed_secret_keeps_the_hash_and_has_no_digest_of_it() -> None:
    admitted = convert(found(), MADE)

    assert (admitted.client_id, admitted.name) == ("acme", "Billing")
    assert (admitted.secret.encoded, admitted.way) == (QUICK["encoded"], "scrypt")
    assert admitted.secret.last_four == ""
    assert not Secret(QUICK["secret"]).matches(admitted.secret.digest)
    assert not Secret(QUICK["encoded"]).matches(admitted.secret.digest)
    assert len(admitted.secret.digest) == 32
    assert admitted.notes == ()


def test_a_plain_secret_becomes_a_digest_and_nothing_of_it_stays() -> None:
    plain = Secret("hmx9vQ4PwvNg8SKJ2BqT7z")
    admitted = convert(found(kept=plain, was_hashed=False), MADE)

    assert admitted.way == django_hashers.PLAIN
    assert plain.matches(admitted.secret.digest)
    assert (admitted.secret.encoded, admitted.secret.last_four) == (None, "qT7z"[-4:])
    assert plain.value not in repr(admitted)


def test_of_a_short_plain_secret_nothing_is_shown_and_the_report_says_to_rotate_it() -> None:
    admitted = convert(found(kept=Secret("hunter2"), was_hashed=False), MADE)

    assert admitted.secret.last_four == ""
    assert admitted.notes == ("its secret is short: rotate it",)


def test_neither_a_hash_nor_a_secret_shows_in_a_repr() -> None:
    hashed, plain = found(), found(kept=Secret("hunter2-hunter2-hunter2"))

    for each in (hashed, plain, convert(hashed, MADE), convert(plain, MADE)):
        assert "hunter2" not in repr(each)
        assert "scrypt$" not in repr(each)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param({"is_confidential": False}, "public", id="a public client"),
        pytest.param({"is_client_credentials": False}, "grant type", id="another grant type"),
        pytest.param({"client_id": ""}, "no client id", id="no client id"),
        pytest.param({"client_id": "x" * 256}, "longer than 255", id="a long client id"),
        pytest.param({"client_id": "a\nb"}, "cannot be sent", id="a line break in the client id"),
        pytest.param({"client_id": "a\x7f"}, "cannot be sent", id="DEL in the client id"),
        pytest.param(
            {"client_id": mint(Kind.CLIENT_ID, Mode.LIVE, bytes(16))},
            "Gatepass's own",
            id="a client id of our form",
        ),
        pytest.param({"kept": Secret("")}, "no secret", id="no secret"),
        pytest.param({"kept": Secret("md5$a$b$")}, "weak", id="a weak hash"),
        pytest.param({"kept": Secret("own$1$a$b")}, "unknown", id="an unknown hash"),
        pytest.param(
            {"kept": Secret("a\tb"), "was_hashed": False},
            "cannot be sent",
            id="a tab in the secret",
        ),
    ],
)
def test_what_cannot_come_in_is_left_out_with_the_reason(
    given: dict[str, object], reason: str
) -> None:
    with pytest.raises(NotImportable, match=reason):
        convert(found(**given), MADE)


@pytest.mark.parametrize(
    "client_id", ["a b", "a:b", "100%", "x" * 255, "zoë", "https://a.example/x"]
)
def test_a_client_id_stays_as_it_is(client_id: str) -> None:
    assert convert(found(client_id=client_id), MADE).client_id == client_id


def test_redirect_uris_that_are_safe_are_kept_and_the_others_counted() -> None:
    uris = "https://a.example/cb http://a.example/cb\nhttps://b.example/#x  http://localhost/cb"
    admitted = convert(found(redirect_uris=uris), MADE)

    assert admitted.redirect_uris == ("https://a.example/cb", "http://localhost/cb")
    assert admitted.notes == ("2 of its redirect URIs were not kept",)


def test_of_many_redirect_uris_the_first_ten_are_kept() -> None:
    uris = [f"https://a.example/{number}" for number in range(12)]

    assert convert(found(redirect_uris=" ".join(uris)), MADE).redirect_uris == tuple(uris[:10])


@pytest.mark.parametrize("name", ["", " ", "\u200b\n"])
def test_an_application_without_a_name_is_called_by_its_client_id(name: str) -> None:
    assert convert(found(name=name), MADE).name == "acme"


@pytest.mark.parametrize(
    ("there", "here"),
    [("Acme", "Acme"), (" Acme ", "Acme"), ("A\nb", "A b"), ("x" * 11, "x" * 9 + "…")],
)
def test_a_name_fits(there: str, here: str) -> None:
    name, notes = name_of(there, 10)

    assert name == here
    assert bool(notes) == (there.strip() != here)


def test_a_moment_that_is_not_told_is_now() -> None:
    unknown: SourceApplication = found(created_at=None)

    assert convert(unknown, MADE).created_at == MADE


def test_ids_of_later_imports_are_greater_and_none_comes_twice() -> None:
    ids = [new_id(MADE + timedelta(milliseconds=number // 100)) for number in range(300)]

    assert {(each.version, each.variant) for each in ids} == {(7, RFC_4122)}
    assert len(set(ids)) == 300
    assert max(ids[:100]) < min(ids[100:200])
    assert max(ids[100:200]) < min(ids[200:])
