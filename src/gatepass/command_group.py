"""Help and lookup of the commands in a group of `gatepass`. Imports only click."""

from difflib import get_close_matches

import click


class CommandGroup(click.Group):
    """A group whose help shows whole summaries, wrapped instead of cut off."""

    group_class = type

    def summaries(self, ctx: click.Context) -> dict[str, str]:
        """Return the summary of each command."""
        found = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        return {name: first_sentence(command) for name, command in found.items() if command}

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the named command; the error for an unknown one names similar commands."""
        name, known = args[0], self.list_commands(ctx)
        if name in known or name.startswith("-") or self.get_command(ctx, name):
            return super().resolve_command(ctx, args)
        near = get_close_matches(name, known)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise click.UsageError(f"No such command '{name}'.{hint}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        rows = list(self.summaries(ctx).items())
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def first_sentence(command: click.Command) -> str:
    """Return the first paragraph of a command's help, on one line."""
    return " ".join((command.help or "").split("\n\n")[0].split())


def example(*lines: str) -> str:
    """Return the end of a command's help: example lines, not wrapped."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
