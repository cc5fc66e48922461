"""The steps of account manager, administrator and server, as on a partner's first day."""

from typing import NamedTuple

from gatepass.server.cli.demo.partner import Person, Program
from gatepass.server.cli.demo.story import Story
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations import operations
from gatepass.server.domain.organizations.operations import Created
from gatepass.server.domain.users import passwords
from gatepass.server.environment import data_directory
from gatepass.server.environment.environment import NAMES
from gatepass.server.settings import Settings
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


def play(settings: Settings, story: Story) -> Access:
    """Run all steps against the running server, in the sandbox; raise DemoError."""
    address = settings.issuer(Mode.TEST)
    password = passwords.generate((_ADMIN, _ORGANIZATION))
    story.hide(password.value)
    created = _create(settings, story)
    person = Person(address, story)
    try:
        story.title("The partner's administrator, in a browser")
        person.log_in(_ADMIN, created.initial_password)
        person.change_password(created.initial_password, password)
        credentials = person.register(_APPLICATION)
    finally:
        person.close()
    story.title("The partner's server")
    program = Program(address, credentials, story)
    try:
        _call(program, f"/org/{created.organization.id}", story)
    finally:
        program.close()
    return Access(address, _ADMIN, password)


def _create(settings: Settings, story: Story) -> Created:
    story.title("The account manager")
    story.step(f"{_ORGANIZATION} becomes a partner with an administrator.")
    story.command(
        [
            *("gatepass", "organization", "create", _ORGANIZATION, "--admin", _ADMIN),
            *("--environment", NAMES[Mode.TEST], "--data", str(settings.data)),
        ]
    )
    with data_directory.opened(settings, Mode.TEST) as environment:
        created = operations.create(
            environment.context, environment.hasher, OPERATOR, _ORGANIZATION, _ADMIN
        )
    story.hide(created.initial_password.value)
    story.came(
        [
            f"org_id:            {created.organization.id}",
            f"username:          {created.administrator.username}",
            f"initial_password:  {created.initial_password.value}",
        ]
    )
    return created


def _call(program: Program, path: str, story: Story) -> None:
    token = program.get_token()
    story.step("With the token it calls the Partner API.")
    program.call(path, token, 200)
    program.revoke(token)
    story.step("The API now refuses the token.")
    program.call(path, token, 401)
