import json
from pathlib import Path
from uuid import UUID

import pytest

from commands import Ran
from gatepass.server.configuration.settings import load
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import store as users
from gatepass.server.domain.users.single_sign_on import setup, store
from gatepass.server.environment import data_directory
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret
from server.cli import inside
from server.cli.conftest import Command, made

ISSUER = "https://login.acme.example"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("single-sign-on") / "data")


@pytest.fixture(scope="module")
def gatepass(data: Path) -> Command:
    def ran(*arguments: str) -> Ran:
        return inside.run(*arguments, data=data)

    return ran


def created(gatepass: Command, name: str, admin: str) -> str:
    ran = gatepass("organization", "create", name, "--admin", admin, "--json")
    return str(json.loads(ran.out)["org_id"])


def test_an_organization_without_a_provider_says_so(gatepass: Command) -> None:
    bolt = created(gatepass, "Bolt", "bo")
    shown = json.loads(gatepass("single-sign-on", "show", bolt, "--json").out)
    refused = gatepass("single-sign-on", "disable", bolt, "--yes")

    assert shown == {"organization": "Bolt", "state": "none"}
    assert (refused.status, refused.err) == (
        1,
        "Error: Bolt has no OpenID provider in production.\n",
    )


def test_the_operator_turns_single_sign_on_off_and_the_secret_is_never_shown(
    gatepass: Command, data: Path
) -> None:
    acme = created(gatepass, "Acme", "anna")
    turn_on(data, acme)
    shown = gatepass("single-sign-on", "show", acme, "--json")
    off = gatepass("single-sign-on", "disable", acme, "--yes")
    again = gatepass("single-sign-on", "disable", acme, "--yes")
    after = json.loads(gatepass("single-sign-on", "show", acme, "--json").out)

    of_acme = json.loads(shown.out)
    assert (of_acme["state"], of_acme["issuer"], of_acme["emergency_administrator"]) == (
        "on",
        ISSUER,
        "anna",
    )
    assert "s3cret" not in shown.out
    assert off.out == "Single sign-on of Acme is off. Passwords log in again.\n"
    assert "was off already" in again.out
    assert after["state"] == "off"


def test_an_unknown_organization_is_an_error(gatepass: Command) -> None:
    ran = gatepass("single-sign-on", "show", "00000000-0000-4000-8000-000000000000")

    assert ran.status == 1
    assert "Traceback" not in ran.err


def turn_on(data: Path, acme: str) -> None:
    """Have Acme's provider turned on, as its administrator does in the portal."""
    org_id = UUID(acme)
    with data_directory.opened(load(data=data), Mode.LIVE) as environment:
        context = environment.context
        setup.save(context, OPERATOR, org_id, ISSUER, "gatepass", Secret("s3cret"))
        with context.database.write() as connection:
            store.change(connection, org_id, {"tested_at": context.now()})
            anna = users.find_by_username(connection, "anna")
            assert anna
            users.change(connection, anna.id, {"must_change_password": False})
        setup.turn_on(context, OPERATOR, org_id, anna.id)
