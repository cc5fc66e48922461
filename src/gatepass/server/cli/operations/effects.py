"""What a dangerous operation stops: shown before the question, or instead of the change."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

import click

from gatepass.server.cli.operations.model import Effect, Operations
from gatepass.server.cli.terminal import questions

Command = TypeVar("Command", bound=Callable[..., Any])
_NOTHING_CHANGED = "Nothing was changed."


class Assent(NamedTuple):
    """Whether to do without a question, and whether to show only what would stop."""

    yes: bool
    dry_run: bool


def assent_options(command: Command) -> Command:
    """Add --yes and --dry-run, which the command gets as `assent`."""
    with_yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
    return with_yes(_with_dry_run(command))


def dry_run_option(command: Command) -> Command:
    """Add --dry-run to a command that asks nothing, which gets it in `assent`."""
    return _with_dry_run(command)


def _with_dry_run(command: Command) -> Command:
    @wraps(command)
    def run(*arguments: Any, dry_run: bool, yes: bool = True, **given: Any) -> None:  # noqa: ANN401 - the command's own
        command(*arguments, assent=Assent(yes, dry_run), **given)

    help_ = "Show what would stop, in numbers, and change nothing."
    return cast("Command", click.option("--dry-run", is_flag=True, help=help_)(run))


def _ask(question: str) -> None:
    questions.confirm(question, yes=False)


def check_effect(
    operations: Operations,
    name: str,
    arguments: Mapping[str, object],
    assent: Assent,
    question: Callable[[dict[str, Any]], str] = str,
    ask: Callable[[str], None] = _ask,
) -> None:
    """Show what an operation would stop and ask the question; a dry run ends the command here.

    The question is made from the operation's result.
    """
    if assent.yes and not assent.dry_run:
        return
    tried = operations.perform(name, arguments, dry_run=True)
    if assent.dry_run:
        _show(tried.effect)
        raise click.exceptions.Exit(0)
    if sys.stdin.isatty():
        for line in _lines(tried.effect):
            click.echo(line, err=True)
    ask(question(tried.result))


def _show(effect: Effect | None) -> None:
    if click.get_current_context().params.get("is_json"):
        shown = effect and {
            "reversible": effect.is_reversible,
            "sentences": list(effect.sentences),
            "counts": dict(effect.counts),
        }
        click.echo(json.dumps({"dry_run": True, "effect": shown}))
        return
    for line in (*_lines(effect), _NOTHING_CHANGED):
        click.echo(line)


def _lines(effect: Effect | None) -> Iterator[str]:
    if effect is None:
        return
    yield from effect.sentences
    if not effect.is_reversible:
        yield "This cannot be undone."
