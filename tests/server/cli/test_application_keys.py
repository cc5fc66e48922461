"""Keys of an application by commands, and the way from secrets to keys."""

import json
from pathlib import Path

import pytest

from certificates import certificate
from gatepass.jose.keys.private_key import PrivateKey
from server.cli.conftest import Command


@pytest.fixture(scope="module")
def org_id(gatepass: Command) -> str:
    ran = gatepass("organization", "create", "Keys", "--admin", "karl", "--json")
    return str(json.loads(ran.out)["org_id"])


@pytest.fixture
def public(tmp_path: Path) -> str:
    """A file with a public key."""
    file = tmp_path / "public.jwk"
    file.write_text(json.dumps(PrivateKey.generate("ES256").public_jwk()))
    return str(file)


def create(gatepass: Command, org_id: str, *more: str) -> dict[str, str]:
    ran = gatepass(
        "application", "create", "--organization", org_id, "--name", "B", *more, "--json"
    )
    assert ran.status == 0, ran.err
    made: dict[str, str] = json.loads(ran.out)
    return made


def methods(gatepass: Command, client_id: str) -> list[tuple[str, str]]:
    found = json.loads(gatepass("application", "methods", client_id, "--json").out)
    return [(each["kind"], each["name"]) for each in found]


def test_an_application_is_created_with_a_key_and_without_a_secret(
    gatepass: Command, org_id: str, public: str
) -> None:
    made = create(gatepass, org_id, "--public-key", public, "--key-name", "Import")

    assert set(made) == {"client_id", "token_url"}
    assert methods(gatepass, made["client_id"]) == [("key", "Import")]


@pytest.mark.parametrize(
    "more",
    [("--key-name", "Import"), ("--public-key", "absent.pem")],
)
def test_a_key_in_place_of_a_secret_needs_a_file(
    gatepass: Command, org_id: str, more: tuple[str, ...]
) -> None:
    ran = gatepass("application", "create", "--organization", org_id, "--name", "B", *more)

    assert ran.status == 2
    assert "secret" not in ran.out


def test_a_private_key_and_an_end_of_a_secret_are_refused(
    gatepass: Command, org_id: str, public: str, tmp_path: Path
) -> None:
    private = PrivateKey.generate("ES256")
    (tmp_path / "private.pem").write_text(private.pem())
    given = ("application", "create", "--organization", org_id, "--name", "B")

    shown = gatepass(*given, "--public-key", str(tmp_path / "private.pem"))
    ended = gatepass(*given, "--public-key", public, "--secret-end", "30")

    assert [shown.status, ended.status] == [1, 1]
    assert private.private_jwk()["d"] not in shown.err
    assert "private key" in shown.err


def test_an_application_is_registered_with_published_keys_or_a_certificate_and_no_secret(
    gatepass: Command, org_id: str, public: str, tmp_path: Path
) -> None:
    (tmp_path / "cert.pem").write_text(certificate("CN=billing").pem())
    given = {
        "published_keys": ("--jwks-uri", "https://keys.example.com/jwks.json"),
        "certificate": ("--certificate", str(tmp_path / "cert.pem")),
    }

    made = {kind: create(gatepass, org_id, *options) for kind, options in given.items()}
    both = gatepass(
        *("application", "create", "--organization", org_id, "--name", "B"),
        *("--public-key", public, *given["published_keys"]),
    )

    assert all(set(each) == {"client_id", "token_url"} for each in made.values())
    for kind, each in made.items():
        assert [found for found, _ in methods(gatepass, each["client_id"])] == [kind]
    assert (both.status, both.err.count("\n")) == (1, 1)
    assert "Give one of public_key, jwks_uri and certificate." in both.err


def test_by_the_policy_new_applications_get_no_secret_and_old_ones_keep_it(
    gatepass: Command, public: str
) -> None:
    ran = gatepass("organization", "create", "Strict", "--admin", "kurt", "--json")
    org_id = str(json.loads(ran.out)["org_id"])
    old = create(gatepass, org_id)
    gatepass("policy", "set", "new-applications", "keys", "--organization", org_id)

    refused = gatepass("application", "create", "--organization", org_id, "--name", "B")
    new = create(gatepass, org_id, "--public-key", public)
    first = gatepass("application", "rotate", new["client_id"])
    again = gatepass("application", "rotate", old["client_id"], "--json")

    assert (refused.status, refused.err.count("\n")) == (1, 1)
    assert "Give it a public key instead" in refused.err
    assert (first.status, again.status) == (1, 0)


def test_a_key_is_added_renamed_ended_and_revoked(
    gatepass: Command, org_id: str, public: str
) -> None:
    client_id = create(gatepass, org_id)["client_id"]
    added = gatepass("application", "key", "add", client_id, public, "--name", "Import")
    [key] = json.loads(gatepass("application", "key", "list", client_id, "--json").out)
    changed = gatepass(
        *("application", "key", "set", client_id, key["id"]), "--name", "Nightly", "--end", "30"
    )
    [after] = json.loads(gatepass("application", "key", "list", client_id, "--json").out)
    tried = gatepass("application", "key", "revoke", client_id, key["id"], "--dry-run")
    revoked = gatepass("application", "key", "revoke", client_id, key["id"], "--yes")

    assert key["id"] in added.out
    assert changed.status == 0
    assert (after["name"], after["expires_at"] is None) == ("Nightly", False)
    assert "1 secret works." in tried.out
    assert revoked.status == 0
    assert methods(gatepass, client_id)[0][0] == "secret"


def test_secrets_are_not_revoked_before_a_key_was_used(
    gatepass: Command, org_id: str, public: str
) -> None:
    client_id = create(gatepass, org_id)["client_id"]
    gatepass("application", "key", "add", client_id, public, "--name", "Import")

    ran = gatepass("application", "revoke-secrets", client_id, "--unused-for", "0d", "--yes")

    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "No key of the application was used yet" in ran.err
    assert [kind for kind, _ in methods(gatepass, client_id)] == ["secret", "key"]


@pytest.mark.parametrize("days", ["", "many", "-1", "366d", "99999999d", "1.5d"])
def test_a_time_without_use_is_a_number_of_days(gatepass: Command, days: str) -> None:
    ran = gatepass("application", "revoke-secrets", "nobody", "--unused-for", days, "--yes")

    assert ran.status == 2
