"""What ends soon of all applications, by a command."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certificates import certificate
from server.cli.conftest import Command


@pytest.fixture(scope="module")
def org_id(gatepass: Command, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An organization whose application has a secret, a key and a certificate that end soon."""
    made = gatepass("organization", "create", "Expiring", "--admin", "dora", "--json")
    own = str(json.loads(made.out)["org_id"])
    new = ("application", "create", "--organization", own, "--name", "Billing", "--json")
    client_id = str(json.loads(gatepass(*new, "--secret-end", "30").out)["client_id"])
    gatepass("application", "key", "generate", client_id, "--name", "Nightly", "--end", "10")
    file: Path = tmp_path_factory.mktemp("pem") / "client.pem"
    file.write_text(certificate(end=datetime.now(UTC) + timedelta(days=20)).pem())
    gatepass("application", "certificate", "add", client_id, str(file), "--name", "Own")
    return own


@pytest.mark.parametrize(
    ("days", "kinds"),
    [("9", []), ("11", ["key"]), ("25", ["key", "certificate"])],
)
def test_what_ends_within_the_days_is_listed_the_next_one_first(
    gatepass: Command, org_id: str, days: str, kinds: list[str]
) -> None:
    wanted = ("application", "expiring", "--organization", org_id, "--days", days)
    found = json.loads(gatepass(*wanted, "--json").out)

    assert [each["kind"] for each in found] == kinds
    assert all(each["application"] == "Billing" for each in found)


def test_each_kind_is_called_by_what_people_know_it_by(gatepass: Command, org_id: str) -> None:
    wanted = ("application", "expiring", "--organization", org_id, "--days", "90")
    secret = {each["kind"]: each["called"] for each in json.loads(gatepass(*wanted, "--json").out)}

    assert (secret["key"], secret["certificate"]) == ("Nightly", "Own")
    assert secret["secret"].startswith("ending in ")


def test_where_nothing_ends_it_is_said(gatepass: Command) -> None:
    made = gatepass("organization", "create", "Nothing ends", "--admin", "emil", "--json")
    own = json.loads(made.out)["org_id"]

    ran = gatepass("application", "expiring", "--organization", own, "--days", "7")

    assert ran.status == 0
    assert "No secret, key or certificate ends within 7 days." in ran.out + ran.err
