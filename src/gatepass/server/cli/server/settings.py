"""`gatepass settings check`: prints the effective settings."""

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.terminal import local_data, options, printing
from gatepass.server.configuration.branding.brand import Brand
from gatepass.server.configuration.settings import Settings
from gatepass.server.environment.environment import NAMES
from gatepass.server.storage.postgresql.address import without_password


@click.group(cls=CommandGroup, epilog=example("gatepass settings check"))
def settings() -> None:
    """Show and check the settings."""


@settings.command(epilog=example("gatepass settings check --data /srv/gatepass"))
@options.target_options
@options.as_json
def check(target: options.Target, *, is_json: bool) -> None:
    """Print the effective settings, without passwords; fail if they are invalid."""
    found = local_data.settings_of(target)
    printing.show(_effective(found), is_json=is_json)


def _effective(found: Settings) -> dict[str, object]:
    """Return the settings including defaults, with flat names."""
    values = found.model_dump(exclude={"branding"})
    for mode, name in NAMES.items():
        values[name] = {
            "hosts": found.hosts(mode),
            "issuer": found.issuer(mode),
            "database": _address(found.environment(mode).database) or "SQLite",
            "database_listen": _address(found.environment(mode).database_listen),
            **_brand(found.brand(mode)),
        }
    flat: dict[str, object] = {}
    for name, value in values.items():
        parts = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name}.{part}".rstrip("."): each for part, each in parts.items()}
    return flat


def _brand(brand: Brand) -> dict[str, object]:
    """Return what an environment shows as its own, with the faintest text of each scheme."""
    shown: dict[str, object] = {
        name: getattr(brand, name)
        for name in ("name", "logo", "logo_dark", "icon", "support", "terms_url", "privacy_url")
    }
    for scheme, text in brand.faintest().items():
        shown[f"contrast_{scheme}"] = f"{text.ratio:.2f}:1, {text.over} on {text.under}"
    return {f"branding.{name}": value for name, value in shown.items()}


def _address(given: str) -> str:
    return without_password(given) if given else ""
