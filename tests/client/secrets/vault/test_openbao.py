"""Secrets from a real OpenBao, whose HTTP API is HashiCorp Vault's."""

from collections.abc import Iterator

import pytest

from client.secrets.fake_server import SECRET, refusal
from client.secrets.vault.fake_vault import PROGRAM, TOKEN, OpenBao, openbao
from gatepass.client.errors import SecretUnavailable
from gatepass.client.secrets.vault.login import AppRole
from gatepass.client.secrets.vault.secret import FromVault

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs `bao`: see tests/setup.sh")


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with openbao(tmp_path_factory.mktemp("openbao")) as running:
        yield running


def keep(vault: OpenBao, name: str, secret: str = SECRET) -> FromVault:
    vault.ask("POST", f"secret/data/{name}", {"data": {"client_secret": secret}})
    return FromVault(vault.address, name, token=TOKEN)


def test_a_rotated_secret_is_read_at_the_next_call(vault: OpenBao) -> None:
    source = keep(vault, "rotated/of-acme", "old")
    before = source()
    keep(vault, "rotated/of-acme")

    assert (before, source()) == ("old", SECRET)


def test_a_role_reads_what_its_policy_allows_and_no_more(vault: OpenBao) -> None:
    keep(vault, "theirs")
    keep(vault, "ours")
    rule = 'path "secret/data/ours" { capabilities = ["read"] }'
    vault.ask("POST", "sys/policies/acl/partner", {"policy": rule})
    vault.ask("POST", "sys/auth/approle", {"type": "approle"})
    vault.ask("POST", "auth/approle/role/partner", {"token_policies": "partner"})
    role = member(vault.ask("GET", "auth/approle/role/partner/role-id"), "role_id")
    secret = member(vault.ask("POST", "auth/approle/role/partner/secret-id"), "secret_id")
    login = AppRole(role, secret)

    assert FromVault(vault.address, "ours", login=login)() == SECRET
    assert "answered 403" in refusal(FromVault(vault.address, "theirs", login=login), secret)
    wrong = FromVault(vault.address, "ours", login=AppRole(role, "wrong"))
    assert "answered 400 for auth/approle/login" in refusal(wrong)


def test_missing_deleted_and_misplaced_secrets_are_told(vault: OpenBao) -> None:
    deleted = keep(vault, "deleted")
    vault.ask("DELETE", "secret/data/deleted")
    vault.ask("POST", "sys/mounts/old", {"type": "kv", "options": {"version": "1"}})
    vault.ask("POST", "old/data/ours", {"client_secret": SECRET})

    assert "answered 404" in refusal(deleted)
    assert "answered 404" in refusal(FromVault(vault.address, "no", token=TOKEN))
    assert "answered 404" in refusal(FromVault(vault.address, "no", mount="no", token=TOKEN))
    old = FromVault(vault.address, "ours", mount="old", token=TOKEN)
    assert "not of a KV store of version 2" in refusal(old)
    assert "answered 403" in refusal(FromVault(vault.address, "no", token="hvs.bad"), "hvs.bad")


def test_a_namespace_has_secrets_of_its_own(vault: OpenBao) -> None:
    vault.ask("POST", "sys/namespaces/acme", {})
    vault.ask("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}}, "acme")
    vault.ask("POST", "kv/data/ours", {"data": {"client_secret": SECRET}}, "acme")

    inside = FromVault(vault.address, "ours", mount="kv", token=TOKEN, namespace="acme")
    other = FromVault(vault.address, "ours", mount="kv", token=TOKEN)

    assert inside() == SECRET
    assert "answered 404" in refusal(other)


def test_a_sealed_server_is_unavailable(tmp_path_factory: pytest.TempPathFactory) -> None:
    with openbao(tmp_path_factory.mktemp("sealed")) as vault:
        source = keep(vault, "ours")
        vault.ask("PUT", "sys/seal")

        assert "sealed" in refusal(source, TOKEN, kind=SecretUnavailable)

    assert "cannot be reached" in refusal(source, TOKEN, kind=SecretUnavailable)


def member(answer: object, name: str) -> str:
    assert isinstance(answer, dict)
    return str(answer["data"][name])
