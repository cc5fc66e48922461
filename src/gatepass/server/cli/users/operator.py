"""`gatepass operator`: the people of the company that runs the server, and their roles."""

from collections.abc import Callable

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.terminal import local_data, options, printing, questions
from gatepass.server.cli.users.access import show_access
from gatepass.server.domain.users.initial_passwords import new_password
from gatepass.server.domain.users.invitations.model import Invitation
from gatepass.server.domain.users.model import User, has_expired_password
from gatepass.server.domain.users.operators import invitations, operations
from gatepass.server.domain.users.operators.model import ROLES, Roles, check_roles
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.sessions import policies
from gatepass.server.environment.environment import NAMES, Environment
from gatepass.server.portal import redirects
from gatepass.wire.credential import Mode
from gatepass.wire.secret import Secret

_MODES = {name: mode for mode, name in NAMES.items()}
_DEFAULT_NAMES = ("", "Gatepass")  # of the company, where the settings name none
_RESET = "Set an initial password for {}? The current one and all their sessions end at once."
_REMOVE = "Remove the operator {}? Their sessions end at once; the audit trail keeps what they did."
_DISABLE = "Disable {}? They are logged out and cannot log in until they are enabled."
_HOW_TO_START = "No operators. Add the first: gatepass operator add USERNAME --role owner"


def _production(target: options.Target) -> options.Target:
    return target._replace(environment_name=NAMES[Mode.LIVE])


def _roles_option(*, required: bool) -> Callable[[options.Command], options.Command]:
    return click.option(
        "--role",
        "roles",
        type=click.Choice(ROLES),
        multiple=True,
        required=required,
        help="Repeat it for several roles. An owner may do what the others may.",
    )


def _environments_option(command: options.Command) -> options.Command:
    return click.option(
        "--environment",
        "environments",
        type=click.Choice(list(_MODES)),
        multiple=True,
        help="Where the roles apply; repeat it for several. [default: in both]",
    )(command)


_YES = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


@click.group(cls=CommandGroup, epilog=example("gatepass operator add anna --role owner"))
def operator() -> None:
    """Manage the operators: people of your company, with roles in each environment.

    They log in to production, with a second factor. An account manager manages organizations, their
    first administrators, resets, usage and refusals. Security is about keys, policies, revocation
    and audit. An owner does all of that, and manages operators.
    """


@operator.command(
    epilog=example(
        "gatepass operator add anna --role owner",
        "gatepass operator add --invite ben@example.com --role account_manager",
        "gatepass operator add cleo --role security --environment sandbox",
    )
)
@click.argument("username", required=False)
@_roles_option(required=True)
@_environments_option
@click.option("--invite", "address", help="Email address to invite, in place of a username.")
@click.option("--email", help="The operator's email address.")
@options.data_options
@options.as_option
@options.as_json
def add(
    username: str | None,
    roles: tuple[str, ...],
    environments: tuple[str, ...],
    address: str | None,
    email: str | None,
    target: options.Target,
    *,
    is_json: bool,
) -> None:
    """Add an operator. The first one must be an owner of production.

    Prints the initial password, once; it must be changed at the first login, within 14 days. With
    --invite they get a mail instead, and choose username and password.
    """
    if bool(username) == bool(address) or (address and email):
        raise click.UsageError("Give either a username, or --invite ADDRESS.")
    given = _roles(roles, environments)
    with local_data.environment_of(_production(target), creates=True) as environment:
        context, by = environment.context, options.operator()
        if address:
            invited = invitations.invite(
                context, by, None, email=address, roles=given, organization=_company(environment)
            )
            printing.show(_invitation(invited, given), is_json=is_json)
            return
        added, initial_password = operations.add(
            context,
            by,
            None,
            username=username or "",
            email=email,
            roles=given,
            initial=run(new_password(environment.hasher)),
            organization=_company(environment),
        )
        _show_access(environment, added.user, initial_password, is_json=is_json)


@operator.command("list", epilog=example("gatepass operator list", "gatepass operator list --json"))
@options.data_options
@options.listing_options
def list_(target: options.Target, *, is_json: bool) -> None:
    """List the operators and those who are invited, with their roles and state."""
    with local_data.environment_of(_production(target)) as environment:
        rows = [
            _row(environment, each.user, each.roles)
            for each in operations.list_all(environment.context)
        ]
        now = environment.now()
        for each, roles in invitations.list_all(environment.context):
            state = "invited" if each.expires_at > now else "invitation expired"
            rows.append(_line(None, each.email, roles, None, state))
    printing.show_list(rows, _HOW_TO_START, is_json=is_json)


@operator.command(
    epilog=example(
        "gatepass operator roles ben --role account_manager --role security",
        "gatepass operator roles ben --none --environment sandbox",
    )
)
@click.argument("username", shell_complete=ids.operators)
@_roles_option(required=False)
@click.option("--none", "has_none", is_flag=True, help="Take away every role.")
@_environments_option
@options.data_options
@options.as_option
@options.as_json
def roles(
    username: str,
    roles: tuple[str, ...],
    environments: tuple[str, ...],
    target: options.Target,
    *,
    has_none: bool,
    is_json: bool,
) -> None:
    """Set an operator's roles, in place of those that they have; in force at once.

    With --environment the roles of the other environment stay. Production keeps one owner at least.
    """
    if bool(roles) == has_none:
        raise click.UsageError("Give --role, or --none to take away every role.")
    nothing: Roles = dict.fromkeys(_modes(environments), frozenset())
    given = nothing if has_none else _roles(roles, environments)
    with local_data.environment_of(_production(target)) as environment:
        found = operations.find_by_username(environment.context, username)
        changed = operations.set_roles(
            environment.context,
            options.operator(),
            None,
            found.user.id,
            given,
        )
        row = _row(environment, changed.user, changed.roles)
    printing.show(row, is_json=is_json)


@operator.command(epilog=example("gatepass operator remove ben --yes"))
@click.argument("username", shell_complete=ids.operators)
@_YES
@options.data_options
@options.as_option
def remove(username: str, target: options.Target, *, yes: bool) -> None:
    """Remove an operator, or with an email address the invitation of one."""
    with local_data.environment_of(_production(target)) as environment:
        context, by = environment.context, options.operator()
        if any(each.email == username for each, _ in invitations.list_all(context)):
            invitations.revoke(context, by, None, username)
            click.echo(f"The invitation of {username} is revoked.")
            return
        found = operations.find_by_username(context, username).user
        questions.confirm(_REMOVE.format(found.username), yes=yes)
        operations.remove(context, by, None, found.id)
    click.echo(f"{found.username} is no operator any more.")


@operator.command(epilog=example("gatepass operator disable ben --yes"))
@click.argument("username", shell_complete=ids.operators)
@_YES
@options.data_options
@options.as_option
def disable(username: str, target: options.Target, *, yes: bool) -> None:
    """Disable an operator: their sessions end, and they cannot log in."""
    _set_enabled(target, username, enabled=False, yes=yes)
    click.echo(f"{username} is disabled and logged out.")


@operator.command(epilog=example("gatepass operator enable ben"))
@click.argument("username", shell_complete=ids.operators)
@options.data_options
@options.as_option
def enable(username: str, target: options.Target) -> None:
    """Enable an operator again; their password is the one from before."""
    _set_enabled(target, username, enabled=True, yes=True)
    click.echo(f"{username} can log in again.")


@operator.command(epilog=example("gatepass operator reset anna"))
@click.argument("username", shell_complete=ids.operators)
@_YES
@options.data_options
@options.as_option
@options.as_json
def reset(username: str, target: options.Target, *, yes: bool, is_json: bool) -> None:
    """Set a new initial password for an operator who lost theirs; it ends all their sessions.

    Prints the password, once. Lost second factors: gatepass user reset-factors.
    """
    with local_data.environment_of(_production(target)) as environment:
        found = operations.find_by_username(environment.context, username).user
        questions.confirm(_RESET.format(found.username), yes=yes)
        given, initial_password = operations.reset(
            environment.context,
            options.operator(),
            None,
            found.id,
            initial=run(new_password(environment.hasher)),
        )
        _show_access(environment, given, initial_password, is_json=is_json)


@operator.command(
    "require-second-factor", epilog=example("gatepass operator require-second-factor on")
)
@click.argument("state", type=click.Choice(("on", "off")))
@options.data_options
@options.as_option
def require_second_factor(state: str, target: options.Target) -> None:
    """Require a second factor of operators, or leave it to each of them; at first it is required.

    Without one, whoever learns a password can act on every organization.
    """
    value = "required" if state == "on" else "optional"
    with local_data.environment_of(_production(target)) as environment:
        org_id = operations.find_organization(environment.context).id
        policies.change(
            environment.context,
            environment.session_settings,
            options.operator(),
            org_id,
            {"second_factor": value},
        )
    click.echo(f"A second factor is {value} for operators.")


def _set_enabled(target: options.Target, username: str, *, enabled: bool, yes: bool) -> None:
    with local_data.environment_of(_production(target)) as environment:
        found = operations.find_by_username(environment.context, username).user
        questions.confirm(_DISABLE.format(found.username), yes=yes)
        operations.set_enabled(
            environment.context, options.operator(), None, found.id, enabled=enabled
        )


def _show_access(
    environment: Environment, user: User, initial_password: Secret, *, is_json: bool
) -> None:
    given = {
        "initial_password": initial_password.value,
        "login_url": environment.issuer + redirects.LOGIN,
    }
    show_access(user.org_id, environment.name, user.username, given, is_json=is_json)


def _modes(environments: tuple[str, ...]) -> list[Mode]:
    return [_MODES[name] for name in environments or _MODES]


def _roles(roles: tuple[str, ...], environments: tuple[str, ...]) -> Roles:
    return check_roles(roles, _modes(environments))


def _company(environment: Environment) -> str:
    """Return the name of the operating organization, for when it is made."""
    name = environment.brand.name
    return "Operator" if name in _DEFAULT_NAMES else name


def _invitation(invited: Invitation, roles: Roles) -> dict[str, object]:
    until = {"invited_until": invited.expires_at}
    return {"invited": invited.email, **_role_lists(roles)} | until


def _row(environment: Environment, each: User, roles: Roles) -> dict[str, object]:
    state = "disabled" if each.disabled_at else "active"
    if has_expired_password(each, environment.now()):
        state = "initial password expired"
    return _line(each.username, each.email, roles, each.last_login_at, state)


def _line(
    username: str | None, email: str | None, roles: Roles, last_login_at: object, state: str
) -> dict[str, object]:
    return {
        "username": username or email,
        "email": email,
        **_role_lists(roles),
        "last_login_at": last_login_at,
        "state": state,
    }


def _role_lists(roles: Roles) -> dict[str, object]:
    return {
        NAMES[mode]: [each for each in ROLES if each in roles.get(mode, frozenset())]
        for mode in Mode
    }
