"""The findings of `gatepass check`: from observed values to one line of text each. Pure.

No line has a secret: a credential is shown by its prefix, foreign text is cut and cleaned.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

from gatepass.client import variables as env
from gatepass.client.errors import ConfigurationError, cleaned
from gatepass.client.keys.certificate import ClientCertificate
from gatepass.client.keys.signing_key import SigningKey
from gatepass.client.settings import (
    BASIC,
    CLIENT_CREDENTIALS,
    PRIVATE_KEY_JWT,
    SELF_SIGNED_TLS,
    TLS,
    ClientSettings,
    KeySource,
)
from gatepass.client.tokens.authentication import Credential as ClientCredential
from gatepass.client.tokens.telemetry import WARN_WITHIN
from gatepass.wire import credential
from gatepass.wire.credential import Credential, Kind, Mode
from gatepass.wire.metadata import CREDENTIAL_MARK
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse
from gatepass.wire.urls import is_loopback

CLOCK_WARNING, CLOCK_FAILURE = 10.0, 60.0  # seconds that the two clocks may differ

_OURS = re.compile(r"gp[csa]_(?:live|test)_")
_SANDBOX = re.compile(r"(?:^|[.-])(?:sandbox|test|staging)(?:[.-]|$)")
_ENVIRONMENTS = {Mode.LIVE: "production", Mode.TEST: "the sandbox"}
_KINDS = {
    Kind.CLIENT_ID: "a client id",
    Kind.CLIENT_SECRET: "a client secret",
    Kind.ACCESS_TOKEN: "an access token",
}


class Outcome(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was checked, the result, and what to do."""

    check: str
    outcome: Outcome
    message: str


def settings(client: ClientSettings, environ: Mapping[str, str]) -> Finding:
    """Return what is set, and by which variable."""
    values = [
        f"{env.TOKEN_URL} {shown_url(client.token_url)}",
        f"{env.CLIENT_ID} {_shown_id(client.client_id)}",
    ]
    values += _credential_settings(client, environ)
    if client.scope:
        values.append(f"{env.SCOPE} {cleaned(client.scope)}")
    values += [f"{env.RESOURCE} {cleaned(resource)}" for resource in client.resource]
    if client.form_parameters:  # the names only: it is not known what the texts are
        values.append(f"{env.PARAMETERS} {cleaned(', '.join(dict(client.form_parameters)))}")
    if client.header_fields:
        values.append(f"{env.HEADERS} {cleaned(', '.join(dict(client.header_fields)))}")
    if client.grant_type != CLIENT_CREDENTIALS:
        values.append(f"{env.GRANT_TYPE} {cleaned(client.grant_type)}")
    if client.auth_method != BASIC:
        values.append(f"{env.AUTH_METHOD} {client.auth_method}")
    files = ((env.CLIENT_CERT, client.client_cert), (env.CLIENT_KEY, client.client_key))
    values += [f"{name} {cleaned(path)}" for name, path in files if path]
    if client.dpop:
        values.append(f"{env.DPOP} 1")
    if client.ca_file:
        values.append(f"{env.CA_FILE} {cleaned(client.ca_file)}")
    return Finding("settings", Outcome.OK, ", ".join(values))


def _credential_settings(client: ClientSettings, environ: Mapping[str, str]) -> list[str]:
    """Return where the secrets or the key of the way to authenticate come from."""
    if client.auth_method in {TLS, SELF_SIGNED_TLS}:
        return []
    if client.auth_method != PRIVATE_KEY_JWT:
        names = (env.CLIENT_SECRET, env.NEXT_CLIENT_SECRET)
        return [
            _source(environ, name, source)
            for name, source in zip(names, client.secret_sources, strict=False)
        ]
    values = [_source(environ, env.PRIVATE_KEY, source) for source in client.key_sources]
    given = (
        (env.PRIVATE_KEY_ID, client.private_key_id),
        (env.PRIVATE_KEY_ALG, client.private_key_alg),
        (env.ASSERTION_AUDIENCE, client.assertion_audience),
    )
    return values + [f"{name} {cleaned(text)}" for name, text in given if text]


def _source(environ: Mapping[str, str], name: str, source: KeySource) -> str:
    """Return where a secret or a key comes from, of the three variables that begin with `name`."""
    if environ.get(name):
        return name
    if environ.get(f"{name}_FILE"):
        return f"{name}_FILE {cleaned(environ[f'{name}_FILE'])}"
    return f"{name}_FROM {cleaned(repr(source))}"


def credentials(results: Sequence[ClientCredential | ConfigurationError]) -> Finding:
    """Return what each source of a secret or a key returned or raised; one is enough."""
    texts = [
        cleaned(str(each)) if isinstance(each, ConfigurationError) else _shown_credential(each)
        for each in results
    ]
    errors = [each for each in results if isinstance(each, ConfigurationError)]
    outcome = Outcome.WARNING if errors else Outcome.OK
    if len(errors) == len(results):
        outcome = Outcome.FAILED
    return Finding("secret", outcome, ", then ".join(texts))


def connection(answering: str, silent: list[str], *, to_proxy: bool) -> Finding:
    """Return the result of connecting to `answering`, after timeouts of the `silent` addresses."""
    result = f"{'the proxy ' if to_proxy else ''}{answering} answers"
    if silent:
        message = f"{result}, but {', '.join(silent)} was waited for first: fix DNS or routes"
        return Finding("connection", Outcome.WARNING, message)
    return Finding("connection", Outcome.OK, result)


def environment(
    client: ClientSettings, known: Sequence[Secret], document: Mapping[str, object] | None
) -> Finding:
    """Return whether id, secrets and server are of one environment, as far as each states it."""
    credentials = [("client id", Kind.CLIENT_ID, client.client_id)]
    credentials += [("client secret", Kind.CLIENT_SECRET, each.value) for each in known]
    fault = next(filter(None, (_fault(*each) for each in credentials)), None)
    if fault:
        return Finding("environment", Outcome.FAILED, fault)
    modes = [(name, read.mode) for name, _, text in credentials if (read := credential.read(text))]
    if not modes:
        message = "the credentials do not say which environment they are for"
        return Finding("environment", Outcome.SKIPPED, message)
    name, mode = modes[0]
    for other, other_mode in modes:
        if other_mode is not mode:
            message = (
                f"the {name} is for {_ENVIRONMENTS[mode]} and the {other} for "
                f"{_ENVIRONMENTS[other_mode]}: set id and secret of one application"
            )
            return Finding("environment", Outcome.FAILED, message)
    return _compare_with_server(mode, client.token_url, (document or {}).get(CREDENTIAL_MARK))


def _fault(name: str, kind: Kind, text: str) -> str | None:
    """Return what is wrong with a credential itself, None if nothing is."""
    if text != text.strip():
        return f"the {name} begins or ends with a blank: set it without"
    read = credential.read(text)
    if read is None and _OURS.match(text):
        return f"the {name} is damaged, its checksum is wrong: copy all of it again"
    if read is not None and read.kind is not kind:
        return f"what is set as the {name} is {_KINDS[read.kind]}: set {_KINDS[kind]}"
    return None


def _compare_with_server(mode: Mode, token_url: str, server: object) -> Finding:
    """Compare the credentials' mode with the server's, or with its host name without metadata."""
    ours, host = _ENVIRONMENTS[mode], urlsplit(token_url).hostname or ""
    theirs = next((name for each, name in _ENVIRONMENTS.items() if each == server), None)
    advice = f"set {env.TOKEN_URL} to the one of {ours}, or the credentials of this environment"
    if theirs is not None and theirs != ours:
        message = f"the credentials are for {ours} and {host} is {theirs}: {advice}"
        return Finding("environment", Outcome.FAILED, message)
    if theirs is not None:
        message = f"the credentials are for {ours}, and so is the server"
        return Finding("environment", Outcome.OK, message)
    # The name of a loopback host says nothing about its environment.
    if not is_loopback(host) and (mode is Mode.TEST) != bool(_SANDBOX.search(host)):
        message = f"the credentials are for {ours}, which {host} does not look like: {advice}"
        return Finding("environment", Outcome.WARNING, message)
    message = f"the credentials are for {ours}; the server does not say what it is"
    return Finding("environment", Outcome.OK, message)


def clock(headers: Mapping[str, str], at: float) -> Finding:
    """Compare this machine's clock, `at` in seconds since 1970, with a response's Date.

    A response from a cache has an Age, the seconds since its Date (RFC 9111 §5.1).
    """
    age = headers.get("age", "")
    try:
        made = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return Finding(
            "clock", Outcome.SKIPPED, "the server's answers have no date to compare with"
        )
    made += int(age[:9]) if age.isascii() and age.isdigit() else 0
    ahead = at - (made + 0.5)  # a date has whole seconds, so it is half a second old on average
    many = f"{abs(ahead):.0f} s"
    if abs(ahead) <= CLOCK_WARNING:
        return Finding("clock", Outcome.OK, f"differs from the server's by {many}")
    outcome = Outcome.WARNING if abs(ahead) <= CLOCK_FAILURE else Outcome.FAILED
    side = "ahead of" if ahead > 0 else "behind"
    message = f"this machine's clock is {many} {side} the server's: set it, best by NTP"
    return Finding("clock", outcome, message)


def token(granted: TokenResponse, *, first_refused: bool) -> Finding:
    """Return that a token was granted, and whether the first secret was refused."""
    life = f"valid for {granted.expires_in} s" if granted.expires_in else "lifetime not stated"
    if first_refused:
        message = f"granted, {life}, but the first secret is refused: take it out of the settings"
        return Finding("token", Outcome.WARNING, message)
    return Finding("token", Outcome.OK, f"granted, {life}")


def secret_expiry(expires_at: datetime, now: float) -> Finding:
    """Return when the secret that was used expires; a warning in its last days."""
    left = expires_at - datetime.fromtimestamp(now, UTC)
    days = f"in {left.days} days" if left.days else "in less than a day"
    message = f"expires at {expires_at.isoformat()}, {days}"
    if left > WARN_WITHIN:
        return Finding("secret expiry", Outcome.OK, message)
    advice = "rotate it in the portal, and deploy the new one before that"
    return Finding("secret expiry", Outcome.WARNING, f"{message}: {advice}")


def scope(requested: str, granted: str | None) -> Finding:
    """Compare the granted scope with the requested one, which None means (RFC 6749 §5.1)."""
    if granted is None:
        message = (
            f"granted as asked: {cleaned(requested)}"
            if requested
            else "the server does not name it"
        )
        return Finding("scope", Outcome.OK, message)
    missing = [name for name in requested.split() if name not in granted.split()]
    if missing:
        message = (
            f"asked for but not granted: {cleaned(' '.join(missing))}; let the application be "
            f"given it, or take it out of {env.SCOPE}"
        )
        return Finding("scope", Outcome.FAILED, message)
    return Finding("scope", Outcome.OK, f"granted: {cleaned(granted) or 'none'}")


def shown_url(url: str) -> str:
    """Return a URL without its query, which may have something confidential."""
    parts = urlsplit(url)
    query = "?\u2026" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


def _shown_credential(credential: ClientCredential) -> str:
    if isinstance(credential, SigningKey):
        return _shown_key(credential)
    if isinstance(credential, ClientCertificate):
        return f"certificate, x5t#S256 {credential.thumbprint()}"
    return _shown_secret(credential)


def _shown_key(key: SigningKey) -> str:
    """Return algorithm and name, which are public."""
    name = f", kid {cleaned(key.kid)}" if key.kid else ""
    digest = f", certificate {key.certificate}" if key.certificate else ""
    return f"{key.alg} key{name}{digest}"


def _shown_secret(secret: Secret) -> str:
    prefix = _OURS.match(secret.value)
    return f"{prefix[0]}\u2026" if prefix else "(not of Gatepass)"


def _shown_id(client_id: str) -> str:
    """Return the whole id only where it cannot be a secret in the wrong variable."""
    read: Credential | None = credential.read(client_id)
    if read is not None and read.kind is Kind.CLIENT_ID:
        return client_id
    prefix = _OURS.match(client_id)
    return f"{prefix[0] if prefix else cleaned(client_id[:4])}\u2026"
