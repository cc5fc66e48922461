"""Certificates of an application by commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from certificates import certificate
from server.cli.conftest import Command

CERTIFICATE = certificate()
DNS = ("--by", "san_dns", "--name", "Import")


@pytest.fixture(scope="module")
def client_id(gatepass: Command) -> str:
    made = gatepass("organization", "create", "Certificates", "--admin", "cleo", "--json")
    org_id = str(json.loads(made.out)["org_id"])
    ran = gatepass(
        "application",
        "create",
        "--organization",
        org_id,
        "--name",
        "B",
        "--scope",
        "read",
        "--json",
    )
    return str(json.loads(ran.out)["client_id"])


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """A file with a certificate."""
    file = tmp_path / "client.pem"
    file.write_text(CERTIFICATE.pem())
    return file


def listed(gatepass: Command, client_id: str) -> list[dict[str, Any]]:
    ran = gatepass("application", "certificate", "list", client_id, "--json")
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found


def test_a_certificate_and_a_subject_are_added_listed_and_removed(
    gatepass: Command, client_id: str, pem: Path
) -> None:
    added = gatepass("application", "certificate", "add", client_id, str(pem), "--name", "Own")
    subject = ("application", "certificate", "add-subject", client_id, "b.acme.example", *DNS)
    named = json.loads(gatepass(*subject, "--json").out)
    before = {each["name"]: each for each in listed(gatepass, client_id)}
    own = before["Own"]["id"]
    remove = ("application", "certificate", "remove", client_id)
    tried = gatepass(*remove, own, "--dry-run")
    removed = [gatepass(*remove, each, "--yes").status for each in (own, own, named["id"])]

    assert own in added.out
    assert CERTIFICATE.thumbprint in added.out
    assert before["Own"]["recognised_by"] == f"x5t#S256 {CERTIFICATE.thumbprint}"
    assert before["Own"]["expires_at"].startswith("2090-01-01")
    assert before["Import"] == named
    assert (named["method"], named["recognised_by"]) == (
        "tls_client_auth",
        "san_dns b.acme.example",
    )
    assert "1 other certificate works." in tried.out
    assert "1 secret works." in tried.out
    assert removed == [0, 1, 0]
    assert listed(gatepass, client_id) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not one certificate"),
        (CERTIFICATE.pem() * 2, "not one certificate"),
        (
            CERTIFICATE.pem() + "-----BEGIN PRIVATE KEY-----\nMC4=\n",
            "private key",
        ),  # gitleaks:allow
        ("x" * 40_000, "certificate"),
    ],
    ids=["nothing", "two", "a private key", "too long"],
)
def test_what_is_no_certificate_is_refused_in_one_line(
    gatepass: Command, client_id: str, pem: Path, text: str, words: str
) -> None:
    pem.write_text(text)

    ran = gatepass("application", "certificate", "add", client_id, str(pem), "--name", "Own")

    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert words in ran.err
    assert "MC4=" not in ran.err + ran.out
    assert listed(gatepass, client_id) == []


@pytest.mark.parametrize(
    ("more", "status"),
    [
        (("*", *DNS), 1),
        (("", *DNS), 1),
        (("b.acme.example", "--by", "san_dns", "--name", " "), 1),
        (("b.acme.example", "--by", "san_ip", "--name", "Import"), 1),
        (("b.acme.example", "--by", "common_name", "--name", "Import"), 2),
        (("b.acme.example", "--name", "Import"), 2),
    ],
)
def test_what_is_no_subject_is_refused(
    gatepass: Command, client_id: str, more: tuple[str, ...], status: int
) -> None:
    ran = gatepass("application", "certificate", "add-subject", client_id, *more)

    assert ran.status == status
    assert listed(gatepass, client_id) == []
