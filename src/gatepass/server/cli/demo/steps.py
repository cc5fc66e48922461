"""The steps of account manager, administrator and server, as on a partner's first day."""

from contextlib import closing
from typing import NamedTuple

from gatepass.server.cli.demo.partner import Administrator, PartnerServer
from gatepass.server.cli.demo.transcript import Transcript
from gatepass.server.configuration.settings import Settings
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organization_lifecycle import Created
from gatepass.server.domain.users.passwords import passwords
from gatepass.server.environment import data_directory
from gatepass.server.environment.environment import NAMES
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret

_ORGANIZATION = "Acme Energy"
_ADMIN = "anna"
_APPLICATION = "Acme billing"


class Access(NamedTuple):
    """The login to the portal, for after the demo."""

    address: str
    username: str
    password: Secret


def run(settings: Settings, transcript: Transcript) -> Access:
    """Run all steps against the running server, in the sandbox; raise DemoError."""
    address = settings.issuer(Mode.TEST)
    password = passwords.generate((_ADMIN, _ORGANIZATION))
    transcript.hide(password.value)
    created = _create(settings, transcript)
    with closing(Administrator(address, transcript)) as administrator:
        transcript.title("The partner's administrator, in a browser")
        administrator.log_in(_ADMIN, created.initial_password)
        administrator.change_password(created.initial_password, password)
        credentials = administrator.register(_APPLICATION)
    transcript.title("The partner's server")
    with closing(PartnerServer(address, credentials, transcript)) as partner_server:
        _call(partner_server, f"/org/{created.organization.id}", transcript)
    return Access(address, _ADMIN, password)


def _create(settings: Settings, transcript: Transcript) -> Created:
    transcript.title("The account manager")
    transcript.step(f"{_ORGANIZATION} becomes a partner with an administrator.")
    transcript.command(
        [
            *("gatepass", "organization", "create", _ORGANIZATION, "--admin", _ADMIN),
            *("--environment", NAMES[Mode.TEST], "--data", str(settings.data)),
        ]
    )
    with data_directory.opened(settings, Mode.TEST) as environment:
        created = organization_lifecycle.create(
            environment.context, environment.hasher, OPERATOR, _ORGANIZATION, _ADMIN
        )
    transcript.hide(created.initial_password.value)
    transcript.show(
        [
            f"org_id:            {created.organization.id}",
            f"username:          {created.administrator.username}",
            f"initial_password:  {created.initial_password.value}",
        ]
    )
    return created


def _call(partner_server: PartnerServer, path: str, transcript: Transcript) -> None:
    token = partner_server.get_token()
    transcript.step("With the token it calls the Partner API.")
    partner_server.call(path, token, 200)
    partner_server.revoke(token)
    transcript.step("The API now refuses the token.")
    partner_server.call(path, token, 401)
