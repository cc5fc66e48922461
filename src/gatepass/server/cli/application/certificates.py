"""`gatepass application certificate`: TLS certificates, with which programs authenticate."""

from collections.abc import Mapping
from typing import IO, Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import Assent, assent_options, check_effect
from gatepass.server.cli.operations.model import Operations, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing

_PREFIX = "tls_client_auth_"
_MEMBERS = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
_APPLICATION = click.argument(
    "application_id", metavar="CLIENT_ID", shell_complete=ids.applications
)
_NAME = click.option("--name", required=True, help="What people call the certificate.")


@click.group(cls=CommandGroup, epilog=example("gatepass application certificate list CLIENT_ID"))
def certificate() -> None:
    """Manage the TLS certificates with which an application authenticates (RFC 8705)."""


@certificate.command("list", epilog=example("gatepass application certificate list CLIENT_ID"))
@_APPLICATION
@reading_options
def list_(application_id: str, target: options.Target, *, is_json: bool) -> None:
    """List the certificates of an application, and when each was used last."""
    with opened(target) as operations:
        rows = [_row(each) for each in _certificates(operations, application_id)]
    nothing = f"{application_id} has no certificates. Add one: gatepass application certificate add"
    printing.show_list(rows, nothing, is_json=is_json)


@certificate.command(
    epilog=example("gatepass application certificate add CLIENT_ID --name Import client.pem")
)
@_APPLICATION
@click.argument("file", type=click.File("r"))
@_NAME
@changing_options
@options.as_json
def add(
    application_id: str, file: IO[str], name: str, target: options.Target, *, is_json: bool
) -> None:
    """Add the certificate in a PEM file, which is compared whole; - for standard input.

    It may be self-signed. A private key is refused. Secrets and keys keep working.
    """
    new = {"client_id": application_id, "name": name, "certificate": file.read()}
    _add(target, "application.add_certificate", new, is_json=is_json)


@certificate.command(
    "add-subject",
    epilog=example(
        "gatepass application certificate add-subject CLIENT_ID --name Import --by san_dns "
        "billing.acme.example"
    ),
)
@_APPLICATION
@click.argument("value")
@_NAME
@click.option(
    "--by", "member", type=click.Choice(_MEMBERS), required=True, help="What has the VALUE."
)
@changing_options
@options.as_json
def add_subject(
    application_id: str,
    value: str,
    name: str,
    member: str,
    target: options.Target,
    *,
    is_json: bool,
) -> None:
    """Add the subject that a certificate of a trusted authority must name."""
    new = {
        "client_id": application_id,
        "name": name,
        "member": f"{_PREFIX}{member}",
        "value": value,
    }
    _add(target, "application.add_certificate_subject", new, is_json=is_json)


@certificate.command(
    epilog=example("gatepass application certificate remove CLIENT_ID CERTIFICATE_ID --yes")
)
@_APPLICATION
@click.argument("certificate_id", metavar="CERTIFICATE_ID")
@assent_options
@changing_options
def remove(
    application_id: str, certificate_id: str, target: options.Target, *, assent: Assent
) -> None:
    """Remove a certificate or a subject: it is refused from now on. Tokens stay valid."""
    one = {"client_id": application_id, "certificate_id": certificate_id}
    with opened(target) as operations:
        check_effect(
            operations,
            "application.remove_certificate",
            one,
            assent,
            lambda _: f"Remove the certificate {certificate_id} in {operations.environment_name}?",
        )
        operations.perform("application.remove_certificate", one)
    click.echo(f"The certificate {certificate_id} is removed.")


def _add(
    target: options.Target, operation: str, new: Mapping[str, object], *, is_json: bool
) -> None:
    with opened(target) as operations:
        before = {each["id"] for each in _certificates(operations, str(new["client_id"]))}
        found = operations.perform(operation, new).result
    added = next(each for each in reversed(found["certificates"]) if each["id"] not in before)
    if is_json:
        printing.show(_row(added), is_json=True)
        return
    click.echo(f"The certificate {added['name']} is added: {added['id']}, {_words(added)}.")


def _certificates(operations: Operations, application_id: str) -> list[dict[str, Any]]:
    found = operations.perform("application.certificates", {"client_id": application_id}).result
    certificates: list[dict[str, Any]] = found["certificates"]
    return certificates


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "id": found["id"],
        "name": found["name"],
        "method": found["method"],
        "recognised_by": _words(found),
        "created_at": moment(found["created_at"]),
        "expires_at": moment(found["expires_at"]),
        "last_used_at": moment(found["last_used_at"]),
        "last_used_from": found["last_used_from"],
    }


def _words(found: dict[str, Any]) -> str:
    """Return what a certificate is compared by."""
    if found["thumbprint"]:
        return f"x5t#S256 {found['thumbprint']}"
    return f"{found['member'].removeprefix(_PREFIX)} {found['value']}"
