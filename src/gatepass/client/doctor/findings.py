"""What the doctor's findings mean: pure, from values to a line that is said.

No line holds a secret: of a credential its prefix is shown, foreign text is cut and cleaned.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

from gatepass.client.errors import ConfigurationError, cleaned
from gatepass.client.secrets.source import SecretSource
from gatepass.client.settings import BASIC, CLIENT_CREDENTIALS, ClientSettings
from gatepass.client.variables import (
    AUTH_METHOD,
    CA_FILE,
    CLIENT_ID,
    CLIENT_SECRET,
    GRANT_TYPE,
    HEADERS,
    NEXT_CLIENT_SECRET,
    PARAMETERS,
    RESOURCE,
    SCOPE,
    TOKEN_URL,
)
from gatepass.wire import credential
from gatepass.wire.credential import Credential, Kind, Mode
from gatepass.wire.metadata import CREDENTIAL_MARK
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse
from gatepass.wire.urls import is_loopback

CLOCK_WARNING, CLOCK_FAILURE = 10.0, 60.0  # seconds that the two clocks may differ
OPEN_TO_OTHERS = 0o066  # reading and writing by anybody but the owner

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
    """One line of the doctor: what was looked at, how it is, and what to do."""

    check: str
    outcome: Outcome
    message: str


def settings(found: ClientSettings, environ: Mapping[str, str]) -> Finding:
    """Say what is set and by which variable."""
    named = [
        f"{TOKEN_URL} {shown_url(found.token_url)}",
        f"{CLIENT_ID} {_shown_id(found.client_id)}",
    ]
    named += [
        _source(environ, name, source)
        for name, source in zip(
            (CLIENT_SECRET, NEXT_CLIENT_SECRET), found.secret_sources, strict=False
        )
    ]
    if found.scope:
        named.append(f"{SCOPE} {cleaned(found.scope)}")
    named += [f"{RESOURCE} {cleaned(resource)}" for resource in found.resource]
    if found.form_parameters:  # the names only: it is not known what the texts are
        named.append(f"{PARAMETERS} {cleaned(', '.join(dict(found.form_parameters)))}")
    if found.header_fields:
        named.append(f"{HEADERS} {cleaned(', '.join(dict(found.header_fields)))}")
    if found.grant_type != CLIENT_CREDENTIALS:
        named.append(f"{GRANT_TYPE} {cleaned(found.grant_type)}")
    if found.auth_method != BASIC:
        named.append(f"{AUTH_METHOD} {found.auth_method}")
    if found.ca_file:
        named.append(f"{CA_FILE} {cleaned(found.ca_file)}")
    return Finding("settings", Outcome.OK, ", ".join(named))


def _source(environ: Mapping[str, str], name: str, source: SecretSource) -> str:
    """Say where a secret is from, of the three variables that begin with `name`."""
    if environ.get(name):
        return name
    if environ.get(f"{name}_FILE"):
        return f"{name}_FILE {cleaned(environ[f'{name}_FILE'])}"
    return f"{name}_FROM {cleaned(repr(source))}"


def secrets(given: Sequence[Secret | ConfigurationError]) -> Finding:
    """Say what the sources gave; one secret will do."""
    said = [
        cleaned(str(each)) if isinstance(each, ConfigurationError) else _shown_secret(each)
        for each in given
    ]
    wrong = [each for each in given if isinstance(each, ConfigurationError)]
    outcome = Outcome.WARNING if wrong else Outcome.OK
    if len(wrong) == len(given):
        outcome = Outcome.FAILED
    return Finding("secret", outcome, ", then ".join(said))


def secret_file(path: str, mode: int) -> Finding:
    """Judge the rights of the file that holds the secret."""
    if mode & OPEN_TO_OTHERS:
        return Finding(
            "secret file",
            Outcome.WARNING,
            f"others may read or change it (mode {mode & 0o777:04o}): chmod 600 {cleaned(path)}",
        )
    return Finding("secret file", Outcome.OK, f"its rights are narrow (mode {mode & 0o777:04o})")


def connection(answering: str, silent: list[str], *, to_proxy: bool) -> Finding:
    """Judge the connection that was made to `answering` after waiting for `silent` in vain."""
    said = f"{'the proxy ' if to_proxy else ''}{answering} answers"
    if silent:
        message = f"{said}, but {', '.join(silent)} was waited for first: mend DNS or routes"
        return Finding("connection", Outcome.WARNING, message)
    return Finding("connection", Outcome.OK, said)


def environment(
    found: ClientSettings, known: Sequence[Secret], document: Mapping[str, object] | None
) -> Finding:
    """Judge whether id, secrets and server belong together, by what each says of itself."""
    said = [("client id", Kind.CLIENT_ID, found.client_id)]
    said += [("client secret", Kind.CLIENT_SECRET, each.value) for each in known]
    trouble = next(filter(None, (_wrong(*each) for each in said)), None)
    if trouble:
        return Finding("environment", Outcome.FAILED, trouble)
    marks = [(name, read.mode) for name, _, text in said if (read := credential.read(text))]
    if not marks:
        message = "the credentials do not say which environment they are for"
        return Finding("environment", Outcome.SKIPPED, message)
    name, mode = marks[0]
    for other, its in marks:
        if its is not mode:
            message = (
                f"the {name} is for {_ENVIRONMENTS[mode]} and the {other} for "
                f"{_ENVIRONMENTS[its]}: set id and secret of one application"
            )
            return Finding("environment", Outcome.FAILED, message)
    return _at_home(mode, found.token_url, (document or {}).get(CREDENTIAL_MARK))


def _wrong(name: str, kind: Kind, text: str) -> str | None:
    """Say what is wrong with a credential in itself."""
    if text != text.strip():
        return f"the {name} begins or ends with a blank: set it without"
    read = credential.read(text)
    if read is None and _OURS.match(text):
        return f"the {name} is damaged, its checksum is wrong: copy all of it again"
    if read is not None and read.kind is not kind:
        return f"what is set as the {name} is {_KINDS[read.kind]}: set {_KINDS[kind]}"
    return None


def _at_home(mode: Mode, token_url: str, server: object) -> Finding:
    """Judge the credentials' mode against the server's own, or the host's name without one."""
    ours, host = _ENVIRONMENTS[mode], urlsplit(token_url).hostname or ""
    theirs = next((name for each, name in _ENVIRONMENTS.items() if each == server), None)
    advice = f"set {TOKEN_URL} to the one of {ours}, or the credentials of this environment"
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
    """Judge this machine's clock, which said `at` when an answer with `headers` was made.

    An answer out of a cache tells by Age how old its Date is (RFC 9111 §5.1).
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
    """Say that a token was granted, and whether the first secret is past its use."""
    life = f"valid for {granted.expires_in} s" if granted.expires_in else "lifetime not stated"
    if first_refused:
        message = f"granted, {life}, but the first secret is refused: take it out of the settings"
        return Finding("token", Outcome.WARNING, message)
    return Finding("token", Outcome.OK, f"granted, {life}")


def scope(asked: str, granted: str | None) -> Finding:
    """Judge what was granted; a server that says nothing granted what was asked (RFC 6749 §5.1)."""
    if granted is None:
        message = f"granted as asked: {cleaned(asked)}" if asked else "the server does not name it"
        return Finding("scope", Outcome.OK, message)
    missing = [name for name in asked.split() if name not in granted.split()]
    if missing:
        message = (
            f"asked for but not granted: {cleaned(' '.join(missing))}; let the application be "
            f"given it, or take it out of {SCOPE}"
        )
        return Finding("scope", Outcome.FAILED, message)
    return Finding("scope", Outcome.OK, f"granted: {cleaned(granted) or 'none'}")


def shown_url(url: str) -> str:
    """Give an address without its query, where people put what is nobody's business."""
    parts = urlsplit(url)
    query = "?\u2026" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{parts.path}{query}"


def _shown_secret(secret: Secret) -> str:
    prefix = _OURS.match(secret.value)
    return f"{prefix[0]}\u2026" if prefix else "(not of Gatepass)"


def _shown_id(client_id: str) -> str:
    """Give an id whole only where it cannot be a secret in the wrong place."""
    read: Credential | None = credential.read(client_id)
    if read is not None and read.kind is Kind.CLIENT_ID:
        return client_id
    prefix = _OURS.match(client_id)
    return f"{prefix[0] if prefix else cleaned(client_id[:4])}\u2026"
