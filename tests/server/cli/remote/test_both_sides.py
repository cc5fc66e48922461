"""Each command that has an operation does the same here and elsewhere: output and exit status.

The commands are those of one story, played on both sides.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gatepass.cli import main
from server.cli.remote.sides import Step, alike, elsewhere, here
from server_process import Server, serving

_ABSENT = "5c4f6f0e-7d0f-4f0e-9d0a-3f8f5f1f2a10"

STORY = (
    # organizations and their people
    Step(
        "organization create Acme --admin anna --email anna@acme.example --json", {"org": "org_id"}
    ),
    Step("organization create Other --invite other@acme.example --json", {"other": "org_id"}),
    Step("organization create Taken --admin anna"),
    Step("organization create Nobody"),
    Step("organization list"),
    Step("organization list --json-lines"),
    Step("organization show {org}"),
    Step("organization show {org} --json"),
    Step(f"organization show {_ABSENT}"),
    Step("organization show nonsense"),
    Step("organization rename {org} 'Acme Energy'"),
    Step("organization rename {org} ''"),
    Step("organization add-admin {org} --admin ben --json"),
    Step("organization add-admin {org} --admin 'b c'"),
    Step("organization reset-password {org} --username ben --json"),
    Step("organization reset-password {other} --username ben"),
    Step("organization users {org} --json"),
    Step("organization people {org}"),
    Step("organization invite {org} cleo@acme.example --role staff --json"),
    Step("organization invite {org} nonsense"),
    Step("organization invitations {org}"),
    Step("organization revoke-invitation {org} cleo@acme.example"),
    Step("organization revoke-invitation {org} nobody@acme.example"),
    Step("organization suspend {other} --dry-run"),
    Step("organization suspend {other}"),
    Step("organization suspend {other} --yes"),
    Step("organization suspend {other} --yes"),
    Step("organization resume {other}"),
    Step("user list --organization {org} --json"),
    Step("user list --email a@acme.example"),
    Step("user reset ben --dry-run"),
    Step("user reset ben --yes --json"),
    Step("user reset nobody --yes"),
    Step("user reset-factors ben --yes"),
    Step("user disable ben --dry-run"),
    Step("user disable ben --yes"),
    Step("user enable ben"),
    Step("user end-sessions ben --yes"),
    Step("user end-sessions --all --yes"),
    Step("policy set second-factor required --organization {org}"),
    Step("policy set session-idle 15m --json"),
    Step("policy set session-idle 1s"),
    Step("policy show --json"),
    Step("policy show --organization {org}"),
    # the catalogue
    Step("resource add https://meters.example --name Meters --tokens jwt"),
    Step("resource add https://meters.example --name Meters"),
    Step("resource add nonsense --name Meters"),
    Step("resource set https://meters.example --algorithm EdDSA"),
    Step("resource set https://absent.example --name Absent"),
    Step("resource list --json-lines"),
    Step("scope add meters:read --description 'Read meters' --resource https://meters.example"),
    Step("scope add meters:read --description 'Read meters'"),
    Step("scope set meters:read --default"),
    Step("scope set absent --default"),
    Step("scope list"),
    Step("resource remove https://meters.example"),
    Step("scope remove meters:read"),
    Step("resource remove https://meters.example"),
    Step("scope remove meters:read"),
    # applications
    Step("application create --organization {org} --name Billing --json", {"app": "client_id"}),
    Step("application create --organization {org} --name ''"),
    Step("application create --organization {org} --name A --scope 'a  b'"),
    Step("application create --organization {org} --name A --secret-end 10"),
    Step(f"application create --organization {_ABSENT} --name A"),
    Step("application list --organization {org}", is_ordered=False),
    Step("application list --json-lines", is_ordered=False),
    Step("application show {app} --json"),
    Step("application show nobody"),
    Step("application set {app} --name Meters --network 203.0.113.0/24 --lifetime 3600"),
    Step("application set {app} --lifetime 1"),
    Step("application set {app} --rate-limit-mode enforce --rate-limit 100"),
    Step("application set {app} --any-network --contact ops@acme.example --scope read"),
    Step("application set nobody --name A"),
    Step("application automatic-rotation {app} --on --days 30"),
    Step("application key generate {app} --name Import --json", {"key": "id"}),
    Step("application key generate {app} --name ''"),
    Step("application key list {app}"),
    Step("application key list {app} --json"),
    Step("application key set {app} {key} --name Nightly --end never"),
    Step("application key set {app} {key} --end 2020-01-01"),
    Step("application expiring --organization {org}"),
    Step("application key set {app} {key} --end 10"),
    Step("application expiring --organization {org} --days 30 --json"),
    Step("application expiring --organization {other}"),
    Step(f"application expiring --organization {_ABSENT}"),
    Step("application expiring --days 91"),
    Step("application key set {app} {key} --end never"),
    Step("application key add {app} --name Another absent.pem"),
    Step("application key settings {app} --legacy-audience"),
    Step("application key settings {app} --jwks-uri http://keys.example.com/"),
    Step(
        "application certificate add-subject {app} --name Import --by san_dns "
        "billing.acme.example --json",
        {"certificate": "id"},
    ),
    Step("application certificate add-subject {app} --name Import --by san_dns '*'"),
    Step("application certificate add-subject {app} --name Import --by san_uri urn:acme:billing"),
    Step("application certificate list {app}"),
    Step("application certificate list {app} --json"),
    Step("application certificate add {app} --name Another absent.pem"),
    Step("application certificate remove {app} {certificate} --dry-run"),
    Step("application certificate remove {app} {certificate} --yes"),
    Step("application certificate remove {app} {certificate} --yes"),
    Step("application methods {app}"),
    Step("application methods {app} --json"),
    Step("application revoke-secrets {app} --dry-run"),
    Step("application revoke-secrets {app} --unused-for 0d --yes"),
    Step("application revoke-secrets {app} --unused-for many --yes"),
    Step("application key revoke {app} {key} --dry-run"),
    Step("application key revoke {app} {key} --yes"),
    Step("application key revoke {app} {key} --yes"),
    Step("application rotate {app} --dry-run"),
    Step("application rotate {app} --overlap 1-hour --json"),
    Step("application show {app}"),
    Step("application usage {app} --json"),
    Step("application refusals {app}"),
    Step("application disable {app} --dry-run"),
    Step("application disable {app} --yes"),
    Step("application enable {app}"),
    Step("application revoke-tokens {app} --yes"),
    Step("application delete {app} --dry-run"),
    Step("application delete {app} --yes"),
    Step("application delete {app} --yes"),
    # webhooks
    Step(
        "webhook add https://acme.example/hook --organization {org} --event secret.leaked --json",
        {"hook": "id"},
    ),
    Step("webhook add nonsense"),
    Step("webhook list --json"),
    Step("webhook show {hook}"),
    Step("webhook show nonsense"),
    Step("webhook change {hook} --description Billing --all-events"),
    Step("webhook rotate-secret {hook} --json"),
    Step("webhook disable {hook}"),
    Step("webhook enable {hook}"),
    Step("webhook deliveries {hook}"),
    Step("webhook send-again {hook} 4711"),
    Step("webhook send-again {hook} --all"),
    Step("webhook test {hook} --wait 0"),
    Step("webhook remove {hook} --yes"),
    # the system
    Step("keys list"),
    Step("keys rotate"),
    Step("keys rotate --now --dry-run"),
    Step("mail list --state sent"),
    Step("mail retry 4711"),
    Step("mail show 4711"),
    Step("audit list --organization {org} --action organization.renamed --limit 1 --json"),
    Step("audit list --since nonsense"),
    Step("audit export --format csv --action nothing"),
    Step("audit export --format json-lines --organization {org} --action organization.renamed"),
    Step("audit export --format json-lines --organization nonsense"),
    Step("audit erase nobody --yes"),
    Step("audit erase ben"),
    Step("audit erase ben --reason 'request 7' --yes"),
    Step("audit verify"),
    Step("audit verify --json"),
)


@pytest.fixture
def mailing_server(tmp_path: Path) -> Iterator[Server]:
    """A server whose mail waits: nobody listens where it is sent."""
    data = tmp_path / "data"
    data.mkdir()
    mail = '[mail]\nhost = "127.0.0.1"\nport = 9\nsender = "gatepass@example.com"\n'
    (data / "gatepass.toml").write_text(mail)
    with serving(data) as running:
        yield running


@pytest.mark.slow
def test_each_command_does_the_same_on_both_sides(mailing_server: Server) -> None:
    local, remote = (
        {f"{at}: {step.command}": alike(step, side.run(step)) for at, step in enumerate(STORY)}
        for side in (here(mailing_server), elsewhere(mailing_server))
    )

    assert {name: ran for name, ran in remote.items() if ran != local[name]} == {}


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from _commands(command, f"{before}{name} ")
            elif command:
                yield f"{before}{name}", command


def _works_elsewhere(command: click.Command) -> bool:
    found = [each for each in command.params if each.name == "server"]
    return any(isinstance(each, click.Option) and not each.hidden for each in found)


def _longest(names: set[str], command: str) -> str:
    """Return the command of a line, which may be one of a group in a group."""
    words = command.split()
    found = (" ".join(words[:count]) for count in (3, 2))
    return next((each for each in found if each in names), " ".join(words[:2]))


def test_the_story_has_each_command_that_works_elsewhere() -> None:
    able = {name for name, command in _commands(main) if _works_elsewhere(command)}
    played = {_longest(able, each.command) for each in STORY}

    assert able == played
