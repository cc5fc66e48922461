"""`gatepass check`: checks everything between the settings and a token, in order.

Each check yields a finding with the result or what to do. A check that is impossible because an
earlier one failed is reported as skipped. Nothing is changed, and one token is requested.
"""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

from gatepass.client import variables as env
from gatepass.client.doctor import certificate, credential_settings, findings, metadata, probes
from gatepass.client.doctor.findings import Finding, Outcome
from gatepass.client.errors import (
    ClientError,
    ConfigurationError,
    TokenRefused,
    Unreachable,
    cleaned,
)
from gatepass.client.keys.certificate import ClientCertificate
from gatepass.client.keys.signing_key import SigningKey
from gatepass.client.network import metadata as server_metadata
from gatepass.client.network import route
from gatepass.client.network.urls import check_url
from gatepass.client.settings import (
    PRIVATE_KEY_JWT,
    SELF_SIGNED_TLS,
    TLS,
    ClientSettings,
    KeySource,
)
from gatepass.client.tokens.authentication import Credential
from gatepass.client.tokens.token import CachedToken
from gatepass.wire.secret import Secret
from gatepass.wire.urls import may_use_proxy

_NETWORK = ("name", "connection", "tls", "clock", "metadata")
_OAUTH = ("environment", "token", "scope")
_FILES = (
    env.CLIENT_SECRET_FILE,
    f"{env.NEXT_CLIENT_SECRET}_FILE",
    env.PRIVATE_KEY_FILE,
    env.DPOP_KEY_FILE,
    env.CLIENT_CERT,
    env.CLIENT_KEY,
)
_VIA_PROXY = "the connection goes through the proxy"

Findings: TypeAlias = Iterator[Finding]


def examine(environ: Mapping[str, str], now: Callable[[], float]) -> Findings:
    """Check the settings in `environ`; `now` returns seconds since 1970."""
    settings: ClientSettings | None = None
    try:
        settings = ClientSettings.from_env(environ)
        url: str | None = settings.token_url
    except ConfigurationError as error:
        yield Finding("settings", Outcome.FAILED, str(error))
        url = _usable(environ.get(env.TOKEN_URL, ""))
    else:
        yield findings.settings(settings, environ)
        yield from credential_settings.unused(settings, environ)
    for variable in _FILES:
        # A certificate is public, unless its private key is in the same file.
        is_public = variable == env.CLIENT_CERT and not _has_key(environ.get(variable, ""))
        if environ.get(variable) and not is_public:
            yield from _secret_file(environ[variable])
    known: list[Credential] = []
    given: list[Credential | ConfigurationError] = []
    if settings is not None:
        given += [_credential(settings, source) for source in _sources(settings)]
        known += [each for each in given if not isinstance(each, ConfigurationError)]
        yield findings.credentials(given)
    try:
        send = _sender(url, environ, settings) if url else None
    except ConfigurationError as error:
        send = None
        if str(error) not in map(str, given):  # one line for one fault
            yield Finding("settings", Outcome.FAILED, str(error))
    if settings is not None and settings.certificate is not None and send is not None:
        yield from certificate.of_client(settings.certificate.validity(), now())
    if url is None or send is None:
        yield from _skipped((*_NETWORK, *_OAUTH), "there is nothing to try with these settings")
    else:
        ca_file = environ.get(env.CA_FILE, "")
        yield from _ServerCheck(url, settings, known, send, now, ca_file).checks()


def _sender(url: str, environ: Mapping[str, str], settings: ClientSettings | None) -> probes.Send:
    certificate = settings.certificate if settings else None
    return probes.sender(url, environ.get(env.CA_FILE, ""), certificate)


def _sources(settings: ClientSettings) -> Sequence[KeySource | ClientCertificate]:
    certificate = settings.certificate
    if settings.auth_method in {TLS, SELF_SIGNED_TLS} and certificate is not None:
        return [certificate]
    if settings.auth_method == PRIVATE_KEY_JWT:
        return settings.key_sources
    return settings.secret_sources


def _credential(
    settings: ClientSettings, source: KeySource | ClientCertificate
) -> Credential | ConfigurationError:
    try:
        return probes.credential(settings, source)
    except ConfigurationError as error:
        return error


def _usable(url: str) -> str | None:
    try:
        check_url(url, env.TOKEN_URL)
    except ConfigurationError:
        return None
    return url


def _secret_file(path: str) -> Findings:
    """Check the rights; what is no file that can be read was reported with the settings."""
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISREG(mode):
            yield credential_settings.secret_file(path, mode)
    except (OSError, ValueError):
        yield Finding("secret file", Outcome.SKIPPED, "there is no such file")


def _has_key(path: str) -> bool:
    try:
        return b"PRIVATE KEY-----" in Path(path).read_bytes()
    except (OSError, ValueError):
        return False


def _skipped(checks: tuple[str, ...], why: str) -> Findings:
    for check in checks:
        yield Finding(check, Outcome.SKIPPED, why)


class _ServerCheck:
    """The checks of one server; the later ones use the results of the earlier."""

    def __init__(
        self,
        url: str,
        settings: ClientSettings | None,
        known: list[Credential],
        send: probes.Send,
        now: Callable[[], float],
        ca_file: str,
    ) -> None:
        self._ca_file = ca_file
        self._url, self._settings, self._known = url, settings, known
        self._send, self._now = send, now
        self._at = route.target(url)
        self._proxy = route.proxy(url)
        self._blocked = ""  # why later checks cannot be made
        self._document: Mapping[str, object] | None = None

    def checks(self) -> Findings:
        """Check from the host name to the scope."""
        found: list[str] = []
        yield self._name(found)
        yield self._connection(found)
        yield self._tls()
        yield from self._metadata()
        if self._settings is None or not self._known:
            yield from _skipped(_OAUTH, "the settings are not complete")
            return
        secrets = [each for each in self._known if isinstance(each, Secret)]
        environment = findings.environment(self._settings, secrets, self._document)
        yield environment
        yield from self._token(self._settings, environment.outcome)

    def _name(self, found: list[str]) -> Finding:
        """Add the addresses to `found`; those of the proxy where there is one."""
        at = self._proxy or self._at
        try:
            found += route.addresses(at)
        except (OSError, UnicodeError) as error:  # UnicodeError: not a host name
            self._blocked = "the name was not found"
            why = cleaned(getattr(error, "strerror", "") or type(error).__name__)
            where = "the variable of the proxy" if self._proxy else env.TOKEN_URL
            message = f"{at.host} has no address ({why}): check its spelling in {where}, and DNS"
            return Finding("name", Outcome.FAILED, message)
        result = f"{at.host} is {', '.join(found)}"
        if self._proxy:
            result = f"left to the proxy; the proxy {result}"
        return Finding("name", Outcome.OK, result)

    def _connection(self, found: list[str]) -> Finding:
        if self._blocked:
            return Finding("connection", Outcome.SKIPPED, self._blocked)
        at = self._proxy or self._at
        try:
            address, silent = probes.connect(at, found)
        except OSError as error:
            self._blocked = "there is no connection"
            why = cleaned(error.strerror or str(error))
            message = f"{at} does not answer ({why}): check the port, and firewalls on the way"
            return Finding("connection", Outcome.FAILED, message)
        return findings.connection(
            str(route.Target(address, at.port)), silent, to_proxy=self._proxy is not None
        )

    def _tls(self) -> Finding:
        if not may_use_proxy(self._url):  # not https
            return Finding("tls", Outcome.SKIPPED, "plain http on this very machine needs none")
        if self._blocked:
            return Finding("tls", Outcome.SKIPPED, self._blocked)
        if self._proxy:
            return Finding("tls", Outcome.SKIPPED, f"{_VIA_PROXY}, and is checked by what follows")
        try:
            ours = self._settings.certificate if self._settings else None
            made = probes.handshake(self._at, self._ca_file, ours)
            return certificate.accepted(made, self._now())
        except OSError as error:
            self._blocked = "there is no TLS connection"
            presented = probes.presented(self._at, self._ca_file)
            return certificate.refused(error, self._at.host, presented)

    def _metadata(self) -> Findings:
        """Find the metadata, and read the clock from the first response."""
        if self._blocked:
            yield from _skipped(("clock", "metadata"), self._blocked)
            return
        first = True
        for location in server_metadata.locations(self._url):
            sent_at = self._now()
            try:
                response = probes.document(self._send, location.url)
            except Unreachable as error:
                yield from self._no_response(error, first=first)
                return
            if first:
                yield findings.clock(response.headers, (sent_at + self._now()) / 2)
            first = False
            self._document = (
                server_metadata.read(response.body) if response.status == HTTPStatus.OK else None
            )
            if self._document:
                yield metadata.compare(
                    self._document, location, self._url, self._settings, self._algorithms()
                )
                return
        yield metadata.absent(self._url)

    def _algorithms(self) -> list[str]:
        return [each.alg for each in self._known if isinstance(each, SigningKey)]

    def _no_response(self, error: Unreachable, *, first: bool) -> Findings:
        if first:
            yield Finding("clock", Outcome.SKIPPED, "there is no answer to read a date from")
        message = f"no answer ({cleaned(str(error))}): check the token URL and the network"
        yield Finding("metadata", Outcome.FAILED, message)

    def _token(self, settings: ClientSettings, environment: Outcome) -> Findings:
        if self._blocked:
            yield from _skipped(("token", "scope"), self._blocked)
            return
        try:
            granted, refused = self._granted(settings)
        except ClientError as error:
            mixed_up = environment in {Outcome.WARNING, Outcome.FAILED}
            of_secret = isinstance(error, TokenRefused) and error.is_of_the_secret
            hint = "; the environment, above, may be why" if mixed_up and of_secret else ""
            yield Finding("token", Outcome.FAILED, f"{error}{hint}")
            yield from _skipped(("scope",), "there is no token")
            return
        yield findings.token(granted.response, first_refused=refused)
        if granted.secret_expires_at is not None:
            yield findings.secret_expiry(granted.secret_expires_at, self._now())
        yield findings.scope(settings.scope, granted.scope)

    def _granted(self, settings: ClientSettings) -> tuple[CachedToken, bool]:
        """Return the token, and whether the first secret was refused."""
        *first, last = self._known
        for known in first:
            try:
                return probes.grant(settings, known, self._send), False
            except TokenRefused as error:
                if not error.is_of_the_secret:
                    raise
        return probes.grant(settings, last, self._send), bool(first)
