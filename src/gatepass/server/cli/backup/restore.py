"""`gatepass restore`: restores a backup into an empty place."""

from pathlib import Path

import click

from gatepass.command_group import example
from gatepass.server.cli.backup.backup import PLACE, describe, unlock, unlock_options
from gatepass.server.cli.terminal import errors, local_data, options, printing
from gatepass.server.environment.backup.restore import Options, Restored
from gatepass.server.environment.backup.restore import restore as restore_backup
from gatepass.server.environment.backup.store import Revived

_UNDONE = (
    "What was changed after these moments is undone, and a backup cannot know it. Secrets that "
    "were revoked since are valid again; people, applications and organizations that were "
    "removed, disabled or suspended since are active again; passwords and roles are those of then. "
    "Repeat these changes, before partners reach the server."
)


@click.command(
    epilog=example(
        "gatepass restore gatepass.backup --data /srv/gatepass --identity key.txt",
        "gatepass restore s3://backups/gatepass.backup --config gatepass.toml",
    )
)
@PLACE
@unlock_options
@click.option("--keep-sessions", is_flag=True, help="Do not end the sessions of people.")
@click.option("--keep-tokens", is_flag=True, help="Do not revoke the tokens issued until now.")
@options.as_option
@options.data_options
def restore(
    *,
    place: str,
    identities: tuple[Path, ...],
    passphrase_file: Path | None,
    keep_sessions: bool,
    keep_tokens: bool,
    target: options.Target,
) -> None:
    """Restore a backup into an empty place, all of it or nothing.

    The place is that of the settings: a data directory without databases, or empty PostgreSQL
    databases. All sessions end, and all tokens issued until now are revoked. A backup without the
    master key needs it in its place before.
    """
    settings = local_data.settings_of(target)
    by = options.operator()
    kept = Options(keep_sessions=keep_sessions, keep_tokens=keep_tokens, by=by)
    with errors.one_line_errors(), printing.progress_bar() as progress:
        restored = restore_backup(
            settings, place, unlock(identities, passphrase_file), kept, progress
        )
    _report(restored, kept)


def _report(restored: Restored, kept: Options) -> None:
    describe(restored.contents)
    for name, revived in restored.revived.items():
        click.echo(f"{name} contains now:")
        for line in _lines(revived, kept):
            click.echo(f"  {line}")
    click.echo(_UNDONE)


def _lines(found: Revived, kept: Options) -> list[str]:
    if found.sessions_ended is None:
        sessions = f"{found.sessions} sessions, which are kept"
    else:
        sessions = f"no sessions: {found.sessions_ended} were ended, people log in again"
    if kept.keep_tokens:
        tokens = (
            f"tokens are kept: of those issued before the backup, {found.tokens_revoked_singly} "
            "are known to be revoked; those that were revoked after it are valid again"
        )
    else:
        tokens = "no valid tokens: all issued until now are revoked, programs request new ones"
    return [
        f"{found.organizations} organizations",
        f"{found.people} people, {found.people_who_log_in} of whom can log in",
        f"{found.applications} applications, {found.applications_enabled} of them enabled",
        f"{found.secrets_valid} valid client secrets",
        sessions,
        tokens,
    ]
