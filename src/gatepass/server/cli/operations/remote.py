"""Operations on another server, by the Admin API: as an application of the operator."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from gatepass.server.cli.operations.model import Done, Effect
from gatepass.server.cli.terminal import errors
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError

if TYPE_CHECKING:
    from gatepass.admin.client import Admin
    from gatepass.admin.errors import OperationRefused

_OWN = (
    "Your own organization is not in reach of the Admin API. Run this command on the server's own "
    "machine."
)
_PERHAPS = "It may have been done: look before you run the command again."
_NAMES = ("uri", "name", "org_id")  # of objects that are not in a path
_AS = {
    "mail.retry": "A message of these numbers",
    "mail.show": "Message {}",
    "webhook.delivery": "Delivery {}",
    "webhook.send_again": "Delivery {}",
}
"""Words for what has a number alone."""
_PARAMETER = re.compile(r"{(\w+)}")


class RemoteOperations:
    """Performs operations of an environment by the Admin API."""

    is_on_machine = False

    def __init__(self, admin: "Admin", environment_name: str) -> None:
        self._admin, self.environment_name = admin, environment_name

    def operating_organization(self) -> str:
        """Raise ClickException; see the protocol."""
        raise click.ClickException(_OWN)

    def perform(self, name: str, arguments: Mapping[str, object], *, dry_run: bool = False) -> Done:
        """Perform an operation; see the protocol."""
        from gatepass.admin.errors import NotFound, OperationRefused, ServerUnavailable
        from gatepass.client.errors import ClientError

        try:
            done = self._admin.perform(name, arguments, dry_run=dry_run)
        except NotFound:
            raise NotFoundError(_wanted(name, arguments)) from None
        except OperationRefused as refused:
            raise OAuthError("invalid_request", _words(refused)) from None
        except ServerUnavailable as error:
            perhaps = f" {_PERHAPS}" if error.idempotency_key else ""
            raise click.ClickException(f"{error}.{perhaps}") from None
        except ClientError as error:
            raise click.ClickException(str(error)) from None
        effect = done.effect and Effect(*done.effect)
        return Done(done.result, effect)


@contextmanager
def opened(url: str, environment_name: str) -> Iterator[RemoteOperations]:
    """Open the operations of an environment of a server.

    Wrong settings of the client end the command.
    """
    from gatepass.admin.client import Admin  # takes a while to load
    from gatepass.client.errors import ClientError

    try:
        admin = Admin(url, environment_name)
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    with errors.one_line_errors():
        yield RemoteOperations(admin, environment_name)


def _wanted(name: str, arguments: Mapping[str, object]) -> str:
    """Return the id or the name of what an operation is about: the last one of its path."""
    from gatepass.admin.description import OPERATIONS

    in_path = _PARAMETER.findall(OPERATIONS[name].path)
    ids = [str(arguments[each]) for each in (*in_path[::-1], *_NAMES) if each in arguments]
    several = arguments.get("ids")
    if isinstance(several, list) and several:
        ids = [", ".join(map(str, several))]
    return _AS.get(name, "{}").format(ids[0] if ids else name)


def _words(refused: "OperationRefused") -> str:
    """Return what a command says of a refusal: the sentence, or each argument and what it lacks."""
    fields = [each for each in refused.errors if each.detail != refused.detail]
    if fields:
        return "; ".join(f"{each.field}: {each.detail}" for each in fields)
    return refused.detail or f"The server refuses it ({refused.status} {refused.title})."
