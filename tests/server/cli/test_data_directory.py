"""Which commands make a data directory, and which address they print."""

import json
from pathlib import Path

import pytest

from commands import run_in_process as run
from server.cli import inside
from server_process import free_ports, serving

MISSING_ID = "00000000-0000-0000-0000-000000000001"


@pytest.mark.parametrize(
    "command",
    [
        ("organization", "list"),
        ("organization", "show", MISSING_ID),
        ("organization", "people", MISSING_ID),
        ("organization", "add-admin", MISSING_ID, "--admin", "anna"),
        ("organization", "suspend", MISSING_ID, "--yes"),
        ("application", "list"),
        ("application", "create", "--organization", MISSING_ID, "--name", "x"),
        ("application", "delete", "nobody", "--yes"),
        ("keys", "list"),
        ("keys", "rotate"),
        ("scope", "list"),
        ("resource", "list"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("there", [False, True], ids=["missing", "empty"])
def test_a_command_on_a_mistyped_data_directory_makes_nothing_and_says_so(
    tmp_path: Path, *, command: tuple[str, ...], there: bool
) -> None:
    data = tmp_path / "mistyped"
    if there:
        data.mkdir()

    ran = inside.run(*command, data=data)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert str(data) in ran.err
    assert "--data" in ran.err
    assert list(tmp_path.rglob("*")) == ([data] if there else [])


def test_the_address_that_is_printed_is_the_running_servers(tmp_path: Path) -> None:
    data = tmp_path / "data"
    issuer = f"http://localhost:{free_ports()}"
    with serving(data, variables={"GATEPASS_SANDBOX__ISSUER": issuer}) as server:
        production = json.loads(
            run("organization", "create", "Acme", "--admin", "anna", "--json", "--data", data).out
        )
        created = json.loads(
            run(
                *("application", "create", "--organization", production["org_id"]),
                *("--name", "Billing", "--json", "--data", data),
            ).out
        )
        sandbox = json.loads(
            run(
                *("organization", "create", "Acme", "--admin", "anna", "--json"),
                *("--environment", "sandbox", "--data", data),
            ).out
        )
        address = server.url()
    after = run(
        *("organization", "create", "Beta", "--admin", "ben", "--json"),
        *("--environment", "sandbox", "--data", data),
    )

    assert production["login_url"] == f"{address}/accounts/login/"
    assert created["token_url"] == f"{address}/oauth2/token/"
    assert sandbox["login_url"] == f"{issuer}/accounts/login/"
    assert json.loads(after.out)["login_url"] == "http://localhost:8001/accounts/login/"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"production": 1}', "\udcff"])
def test_a_file_of_addresses_that_no_server_holds_counts_for_nothing(
    tmp_path: Path, text: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "issuers.json").write_bytes(text.encode(errors="surrogateescape"))

    ran = inside.run("organization", "create", "Acme", "--admin", "anna", "--json", data=data)

    assert json.loads(ran.out)["login_url"] == "http://localhost:8000/accounts/login/"


@pytest.mark.parametrize("name", ["a?b", "a%20b", "a#b", "a b", "file:a", "ü"])
def test_a_data_directory_of_any_name_is_that_folder(tmp_path: Path, name: str) -> None:
    data = tmp_path / name

    ran = inside.run("organization", "create", "Acme", "--admin", "anna", data=data)

    assert ran.status == 0, ran.err
    assert (data / "production.sqlite3").exists()
    assert list(tmp_path.iterdir()) == [data]
