"""The settings that environment variables give."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.file import FromFile
from gatepass.client.secrets.source import Literal, SecretSource
from gatepass.client.secrets.validation import check_secret
from gatepass.wire.secret import Secret

_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of ClientSettings; raise ConfigurationError for what is missing."""
    missing = [name for name in (env.TOKEN_URL, env.CLIENT_ID) if not environ.get(name)]
    secret = source(environ, env.CLIENT_SECRET)
    private_key = source(environ, env.PRIVATE_KEY, is_key=True)
    if secret is None and private_key is None and not environ.get(env.CLIENT_CERT):
        missing.append(
            f"{env.CLIENT_SECRET} (or {env.CLIENT_SECRET_FILE}, {env.CLIENT_SECRET_FROM} or "
            f"{env.PRIVATE_KEY}_FILE, or {env.CLIENT_CERT})"
        )
    if missing:
        raise ConfigurationError(f"set the environment variables {', '.join(missing)}")
    next_secret = source(environ, env.NEXT_CLIENT_SECRET)
    dpop = _is_on(environ, env.DPOP)
    is_off = bool(environ.get(env.DPOP)) and not dpop  # also where there is a key for it
    return {
        "token_url": environ[env.TOKEN_URL],
        "client_id": environ[env.CLIENT_ID],
        "client_secret": tuple(each for each in (secret, next_secret) if each is not None),
        "scope": environ.get(env.SCOPE, ""),
        "resource": tuple(environ.get(env.RESOURCE, "").split()),
        "parameters": _query(environ.get(env.PARAMETERS, ""), f"the parameters ({env.PARAMETERS})"),
        "auth_method": environ.get(env.AUTH_METHOD, ""),
        "headers": _query(environ.get(env.HEADERS, ""), f"the headers ({env.HEADERS})"),
        "ca_file": environ.get(env.CA_FILE, ""),
        "private_key": () if private_key is None else (private_key,),
        "private_key_id": environ.get(env.PRIVATE_KEY_ID, ""),
        "private_key_alg": environ.get(env.PRIVATE_KEY_ALG, ""),
        "client_cert": environ.get(env.CLIENT_CERT, ""),
        "client_key": environ.get(env.CLIENT_KEY, ""),
        "dpop": dpop,
        "dpop_key": None if is_off else source(environ, env.DPOP_KEY, is_key=True),
        "assertion_audience": environ.get(env.ASSERTION_AUDIENCE, ""),
        **({"grant_type": environ[env.GRANT_TYPE]} if environ.get(env.GRANT_TYPE) else {}),
    }


def _query(text: str, what: str) -> list[tuple[str, str]]:
    """Read pairs that are written like the query of a URL."""
    try:
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError:
        raise ConfigurationError(
            f"{what} are malformed: write them like name=text&other=text"
        ) from None


def source(environ: Mapping[str, str], name: str, *, is_key: bool = False) -> SecretSource | None:
    """Return the source that a variable beginning with `name` sets, None without one.

    A file is read now, so that a mistake shows at the start.
    """
    given = [kind for kind in (name, f"{name}_FILE", f"{name}_FROM") if environ.get(kind)]
    if len(given) > 1:
        raise ConfigurationError(f"set {' or '.join(given)}, not both")
    if not given:
        return None
    variable = given[0]
    text = environ[variable]
    if variable.endswith("_FROM"):
        from gatepass.client.secrets.uri import from_uri  # seldom needed

        return from_uri(text)
    if variable.endswith("_FILE"):
        file = FromFile(text, variable)
        _checked(file(), is_key=is_key)
        return file
    return Literal(_checked(text, is_key=is_key))


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").lower()
    if text not in _YES | _NO:
        raise ConfigurationError(f"{name} is neither on nor off: set it to 1 or 0")
    return text in _YES


def _checked(text: str, *, is_key: bool) -> Secret:
    """Check a secret; a key is checked where it is first needed, since that loads cryptography."""
    return Secret(text) if is_key else check_secret(text)
