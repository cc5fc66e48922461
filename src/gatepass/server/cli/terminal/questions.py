"""Questions that a command asks on the terminal."""

import sys

import click


def confirm(question: str, *, yes: bool) -> None:
    """Ask for confirmation unless `yes`; without a terminal, raise ClickException."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.ClickException(
            "Nothing is done. Confirm with --yes, or run the command on a terminal."
        )
    if not click.confirm(question, err=True):
        raise click.ClickException("Nothing is done.")
