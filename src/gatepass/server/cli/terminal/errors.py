"""Expected errors of commands, each as one line on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from gatepass.server.configuration.settings import SettingsError
from gatepass.server.domain.imports.model import SourceError
from gatepass.server.environment import data_directory
from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.storage.master_key import MasterKeyError
from gatepass.wire.errors import OAuthError


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn expected errors into one line on standard error and exit status 1."""
    try:
        yield
    except OAuthError as refused:
        raise click.ClickException(refused.description) from None
    except NotFoundError as missing:
        raise click.ClickException(
            f"{missing} was not found. See `list`, and check --environment."
        ) from None
    except (
        BackupError,
        SettingsError,
        MasterKeyError,
        data_directory.ServingError,
        SourceError,
    ) as error:
        raise click.ClickException(" ".join(str(error).split())) from None
