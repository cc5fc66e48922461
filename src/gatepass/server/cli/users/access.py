"""People by their usernames, and the one sight of an initial password."""

from collections.abc import Mapping
from typing import Any

import click

from gatepass.server.cli.operations.model import Operations
from gatepass.server.cli.terminal import printing
from gatepass.server.storage.errors import NotFoundError


def find_person(operations: Operations, username: str) -> dict[str, Any]:
    """Return the person with a username; raise NotFoundError where there is none."""
    found = operations.perform("person.find", {"username": username}).result["items"]
    if not found:
        raise NotFoundError(username)
    person: dict[str, Any] = found[0]
    return person


def show_access(
    org_id: object,
    environment: str,
    username: str | None,
    given: Mapping[str, Any],
    *,
    is_json: bool,
) -> None:
    """Print an initial password, once, with what belongs to it."""
    shown = {
        "org_id": org_id,
        "environment": environment,
        "username": username,
        "initial_password": given["initial_password"],
        "login_url": given["login_url"],
    }
    printing.show(shown, is_json=is_json)
    if not is_json:
        click.echo(
            "\nThe password is shown only now. It must be changed at the first login, "
            "within 14 days."
        )
