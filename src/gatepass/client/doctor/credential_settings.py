"""Findings about how a secret or a key is kept and set, before it is used. Pure."""

from collections.abc import Iterator, Mapping

from gatepass.client import variables as env
from gatepass.client.doctor.findings import Finding, Outcome
from gatepass.client.errors import cleaned
from gatepass.client.settings import PRIVATE_KEY_JWT, ClientSettings

_OPEN_TO_OTHERS = 0o066  # reading and writing by anybody but the owner


def secret_file(path: str, mode: int) -> Finding:
    """Return whether only its owner can read and write the secret file; `mode` is its st_mode."""
    if mode & _OPEN_TO_OTHERS:
        return Finding(
            "secret file",
            Outcome.WARNING,
            f"others may read or change it (mode {mode & 0o777:04o}): chmod 600 {cleaned(path)}",
        )
    return Finding("secret file", Outcome.OK, f"its rights are narrow (mode {mode & 0o777:04o})")


def unused(client: ClientSettings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a warning where a private key is set that is not used, and nothing says so."""
    is_named = bool(environ.get(env.AUTH_METHOD))
    if client.key_sources and client.auth_method != PRIVATE_KEY_JWT and not is_named:
        message = (
            "a private key is set, and not used beside a secret: set "
            f"{env.AUTH_METHOD}={PRIVATE_KEY_JWT} to use it"
        )
        yield Finding("settings", Outcome.WARNING, message)
