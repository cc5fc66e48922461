"""What the doctor's findings mean: pure, from values to a line that is said.

No line holds a secret: of a credential its prefix is shown, foreign text is cut and cleaned.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

from gatepass.client.errors import quotable
from gatepass.client.settings import (
    CLIENT_ID,
    CLIENT_SECRET,
    CLIENT_SECRET_FILE,
    RESOURCE,
    SCOPE,
    TOKEN_URL,
    ClientSettings,
)
from gatepass.wire import credential
from gatepass.wire.credential import Credential, Kind, Mark
from gatepass.wire.metadata import CREDENTIAL_MARK
from gatepass.wire.secret import Secret

CLOCK_WARNING, CLOCK_FAILURE = 10.0, 60.0  # seconds that the two clocks may differ
OPEN_TO_OTHERS = 0o027  # what nobody but the owner, and a group that reads, may do with a secret

_OURS = re.compile(r"gp[csa]_(?:live|test)_")
_SANDBOX = re.compile(r"(?:^|[.-])(?:sandbox|test|staging)(?:[.-]|$)")
_ENVIRONMENTS = {Mark.LIVE: "production", Mark.TEST: "the sandbox"}
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
class Told:
    """One line of the doctor: what was looked at, how it is, and what to do."""

    check: str
    outcome: Outcome
    message: str


def settings(found: ClientSettings, environ: Mapping[str, str]) -> Told:
    """Say what is set and by which variable."""
    named = [
        f"{TOKEN_URL} {shown_url(found.token_url)}",
        f"{CLIENT_ID} {_shown_id(found.client_id)}",
        f"{CLIENT_SECRET} {_shown_secret(found.client_secret)}"
        if environ.get(CLIENT_SECRET)
        else f"{CLIENT_SECRET_FILE} {clean(environ[CLIENT_SECRET_FILE])} "
        f"with {_shown_secret(found.client_secret)}",
    ]
    if found.scope:
        named.append(f"{SCOPE} {clean(found.scope)}")
    named += [f"{RESOURCE} {clean(resource)}" for resource in found.resource]
    return Told("settings", Outcome.OK, ", ".join(named))


def secret_file(path: str, mode: int) -> Told:
    """Judge the rights of the file that holds the secret."""
    if mode & OPEN_TO_OTHERS:
        return Told(
            "secret file",
            Outcome.WARNING,
            f"others may read or change it (mode {mode & 0o777:04o}): chmod 600 {clean(path)}",
        )
    return Told("secret file", Outcome.OK, f"its rights are narrow (mode {mode & 0o777:04o})")


def connection(answering: str, silent: list[str], *, to_proxy: bool) -> Told:
    """Judge the connection that was made to `answering` after waiting for `silent` in vain."""
    said = f"{'the proxy ' if to_proxy else ''}{answering} answers"
    if silent:
        message = f"{said}, but {', '.join(silent)} was waited for first: mend DNS or routes"
        return Told("connection", Outcome.WARNING, message)
    return Told("connection", Outcome.OK, said)


def environment(found: ClientSettings, document: Mapping[str, object] | None) -> Told:
    """Judge whether id, secret and server belong together, by what each says of itself."""
    said = [
        ("client id", Kind.CLIENT_ID, found.client_id),
        ("client secret", Kind.CLIENT_SECRET, found.client_secret.value),
    ]
    trouble = next(filter(None, (_wrong(*each) for each in said)), None)
    if trouble:
        return Told("environment", Outcome.FAILED, trouble)
    marks = [each.mark for _, _, text in said if (each := credential.read(text))]
    if not marks:
        message = "the credentials do not say which environment they are for"
        return Told("environment", Outcome.SKIPPED, message)
    if marks[0] != marks[-1]:
        message = (
            f"the client id is for {_ENVIRONMENTS[marks[0]]} and the client secret for "
            f"{_ENVIRONMENTS[marks[-1]]}: set id and secret of one application"
        )
        return Told("environment", Outcome.FAILED, message)
    return _at_home(marks[0], found.token_url, (document or {}).get(CREDENTIAL_MARK))


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


def _at_home(mark: Mark, token_url: str, server: object) -> Told:
    """Judge the credentials' mark against the server's own, or the host's name without one."""
    ours, host = _ENVIRONMENTS[mark], urlsplit(token_url).hostname or ""
    theirs = next((name for each, name in _ENVIRONMENTS.items() if each == server), None)
    advice = f"set {TOKEN_URL} to the one of {ours}, or the credentials of this environment"
    if theirs is not None and theirs != ours:
        message = f"the credentials are for {ours} and {host} is {theirs}: {advice}"
        return Told("environment", Outcome.FAILED, message)
    if theirs is not None:
        message = f"the credentials are for {ours}, and so is the server"
        return Told("environment", Outcome.OK, message)
    local = host == "localhost" or host.endswith(".localhost") or host.startswith("127.")
    if not local and (mark is Mark.TEST) != bool(_SANDBOX.search(host)):
        message = f"the credentials are for {ours}, which {host} does not look like: {advice}"
        return Told("environment", Outcome.WARNING, message)
    message = f"the credentials are for {ours}; the server does not say what it is"
    return Told("environment", Outcome.OK, message)


def clock(headers: Mapping[str, str], at: float) -> Told:
    """Judge this machine's clock, which said `at` when an answer with `headers` was made.

    An answer out of a cache tells by Age how old its Date is (RFC 9111 §5.1).
    """
    age = headers.get("age", "")
    try:
        made = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return Told("clock", Outcome.SKIPPED, "the server's answers have no date to compare with")
    made += int(age[:9]) if age.isascii() and age.isdigit() else 0
    ahead = at - (made + 0.5)  # a date has whole seconds, so it is half a second old on average
    many = f"{abs(ahead):.0f} s"
    if abs(ahead) <= CLOCK_WARNING:
        return Told("clock", Outcome.OK, f"differs from the server's by {many}")
    outcome = Outcome.WARNING if abs(ahead) <= CLOCK_FAILURE else Outcome.FAILED
    side = "ahead of" if ahead > 0 else "behind"
    message = f"this machine's clock is {many} {side} the server's: set it, best by NTP"
    return Told("clock", outcome, message)


def scope(asked: str, granted: str | None) -> Told:
    """Judge what was granted; a server that says nothing granted what was asked (RFC 6749 §5.1)."""
    if granted is None:
        message = f"granted as asked: {clean(asked)}" if asked else "the server does not name it"
        return Told("scope", Outcome.OK, message)
    missing = [name for name in asked.split() if name not in granted.split()]
    if missing:
        message = (
            f"asked for but not granted: {clean(' '.join(missing))}; let the application be given "
            f"it, or take it out of {SCOPE}"
        )
        return Told("scope", Outcome.FAILED, message)
    return Told("scope", Outcome.OK, f"granted: {clean(granted) or 'none'}")


def clean(text: str, secret: Secret | None = None) -> str:
    """Give foreign text fit for a line."""
    return quotable(text, secret or Secret("\x00"))  # which no text that is shown has in it


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
    return f"{prefix[0] if prefix else clean(client_id[:4])}\u2026"
