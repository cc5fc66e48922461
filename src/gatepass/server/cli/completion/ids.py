"""Ids and usernames for the completion of a shell, from the local database, read only.

A completion says nothing but what can be typed: where there is no data, no right to read it, or an
error of any kind, nothing is completed.
"""

from collections.abc import Callable, Sequence
from functools import partial

import click
from click.shell_completion import CompletionItem

from gatepass.server.cli.completion import store
from gatepass.server.cli.completion.store import Candidate
from gatepass.server.configuration.settings import load
from gatepass.server.environment import databases
from gatepass.server.environment.environment import NAMES
from gatepass.server.storage import deadline
from gatepass.server.storage.database import Connection, Database
from gatepass.wire.credential import Mode

_SECONDS = 3.0  # after which nothing is completed

_Find = Callable[[Database, Connection, str], list[Candidate]]


def _complete(
    find: _Find,
    mode: Mode | None,
    ctx: click.Context,
    _: click.Parameter,
    incomplete: str,
) -> list[CompletionItem]:
    """Return what `find` finds; in one environment, or in that of the command, or in both."""
    found: dict[str, CompletionItem] = {}
    for each in [mode] if mode else _modes(ctx):
        for candidate in _find(ctx, each, find, incomplete):
            printable = "".join(char for char in candidate.help if char.isprintable())
            found.setdefault(candidate.value, CompletionItem(candidate.value, help=printable))
    return list(found.values())


def _modes(ctx: click.Context) -> Sequence[Mode]:
    if ctx.params.get("server"):  # whose ids are not here
        return ()
    name = ctx.params.get("environment_name")
    return [mode for mode in Mode if name in {None, NAMES[mode]}]


def _find(ctx: click.Context, mode: Mode, find: _Find, typed: str) -> list[Candidate]:
    try:
        settings = load(ctx.params.get("config"), data=ctx.params.get("data"))
        if (
            not settings.environment(mode).database
            and not databases.file(settings.data, mode).exists()
        ):
            return []
        database = databases.of(settings, mode, read_only=True)
        try:
            with deadline.each(_SECONDS), database.read() as connection:
                return find(database, connection, typed)
        finally:
            database.close()
    except Exception:  # noqa: BLE001 - a shell has no place for any error
        return []


organizations = partial(_complete, store.of_organizations, None)
organizations_of_production = partial(_complete, store.of_organizations, Mode.LIVE)
organizations_of_sandbox = partial(_complete, store.of_organizations, Mode.TEST)
applications = partial(_complete, store.of_applications, None)
users = partial(_complete, store.of_users, None)
webhooks = partial(_complete, store.of_webhooks, None)
operators = partial(_complete, store.of_operators, Mode.LIVE)
