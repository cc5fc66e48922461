"""Settings: read once, checked whole, then handed around as values."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gatepass.server.configuration import consistency
from gatepass.server.configuration.branding import brand
from gatepass.server.configuration.branding.brand import Brand
from gatepass.server.configuration.branding.settings import BrandingSettings
from gatepass.server.configuration.console_settings import ConsoleSettings
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.configuration.environment_variables import (
    PREFIX,
    Texts,
    VariableSource,
    variable_of,
)
from gatepass.server.configuration.http_limits import HttpSettings
from gatepass.server.configuration.mail_settings import MailSettings, OperatorSettings
from gatepass.server.configuration.network import addresses
from gatepass.server.configuration.network.networks import Networks, check_network
from gatepass.server.configuration.network.proxies import (
    EVERYONE,
    MOST_HOPS,
    HeaderName,
    ProxyCertificateSettings,
)
from gatepass.server.configuration.path_aliases import PathAliases
from gatepass.server.configuration.security.audit_settings import AuditSettings
from gatepass.server.configuration.security.leak_report_settings import LeakReportSettings
from gatepass.server.configuration.security.tls_settings import TlsSettings
from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.domain.users.factors.model import (
    RelyingParty,
    relying_party,
)
from gatepass.server.domain.users.passwords.passwords import PasswordSettings
from gatepass.server.domain.users.sessions.model import SessionSettings
from gatepass.wire.credential import Mode

DATA = Path("gatepass-data")
CONFIG_NAME = "gatepass.toml"

_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")

_DEFAULT_PORTS = {"https": ":443/", "http:": ":80/"}


class SettingsError(Exception):
    """A setting that cannot be used; the message is one line that says what to do."""


class Settings(BaseSettings):
    """All settings of a server: arguments before `GATEPASS_...` variables before the file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data: Path = DATA
    """The folder of databases and master key."""
    master_key_source: str = ""
    """Where the master key is, instead of GATEPASS_MASTER_KEY, systemd's credential
    gatepass-master-key or master.key in the data directory: file:/PATH, env:NAME,
    vault:MOUNT/PATH#FIELD, aws:NAME#FIELD, gcp:projects/P/secrets/S or azure:VAULT/SECRET."""
    host: Texts = Field(("127.0.0.1",), min_length=1)
    """The addresses to listen on. `::` serves IPv4 too, unless an IPv4 address is also named."""
    port: int = Field(8000, ge=1, le=65535)
    """The port to listen on."""
    sandbox_port: int = Field(0, ge=0, le=65535)
    """A second port, which is the sandbox where hosts are left at their defaults; 0: port + 1."""
    workers: int = Field(1, ge=1, le=64)
    """How many processes answer requests."""
    worker_timeout: float = Field(10, ge=1)
    """Seconds without a sign of life after which a worker that had started is replaced. One that
    is still starting has all the time that it needs."""
    shutdown_timeout: float = Field(25, ge=1)
    """Seconds within which the server ends after SIGTERM: the drain, then four fifths of the rest
    for running requests. Give the service manager more than this (Docker's default is 10,
    Kubernetes' 30)."""
    drain_seconds: float = Field(5, ge=0)
    """Seconds after SIGTERM in which the server still serves while `/readyz` is 503, so that load
    balancers move on; at most half of `shutdown_timeout`. 0: stop accepting at once."""
    fast_path: bool = True
    """Whether plain requests for tokens and about tokens are answered without ASGI (faster)."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """One JSON object a line, or text for people; auto: text on a terminal."""
    production: EnvironmentSettings = EnvironmentSettings()
    """The production environment."""
    sandbox: EnvironmentSettings = EnvironmentSettings()
    """The sandbox environment."""
    sandbox_identity: Literal["separate", "production"] = "separate"
    """Whose accounts open the sandbox's portal: its own, apart from production's, or production's,
    with which people then log in once for both. Applications and keys are apart in any case."""
    password: PasswordSettings = PasswordSettings()
    """How people's passwords are hashed."""
    session: SessionSettings = SessionSettings()
    """How long a login lasts."""
    operator: OperatorSettings = OperatorSettings()
    """The company that runs this server, as its mail names it."""
    branding: BrandingSettings = BrandingSettings()
    """How the operator's name, logo, colours and texts replace those of Gatepass, in both
    environments; `[production.branding]` and `[sandbox.branding]` say what differs in one."""
    mail: MailSettings = MailSettings()
    """The SMTP server through which mail is sent."""
    audit: AuditSettings = AuditSettings()
    """Where entries of the audit trail are sent, beside the database."""
    single_sign_on: SingleSignOnSettings = SingleSignOnSettings()
    """How the OpenID providers of organizations are reached."""
    console: ConsoleSettings = ConsoleSettings()
    """Where the console of the operators is reached."""
    webhooks: WebhookSettings = WebhookSettings()
    """How the endpoints of webhooks are reached."""
    leak_reports: LeakReportSettings = LeakReportSettings()
    """Who reports leaked credentials beside everybody."""
    tls: TlsSettings = TlsSettings()
    """The server's own TLS, and its port for client certificates."""
    http: HttpSettings = HttpSettings()
    """Bounds for connections and requests."""
    trusted_proxies: Texts = ()
    """Addresses or networks of the proxies in front, which are believed about a client's address
    and scheme; `*`: every peer. Name the proxies alone, not a network with clients in it."""
    proxy_header: HeaderName = "x-forwarded-for"
    """The header that the proxies set: x-forwarded-for (with X-Forwarded-Proto), or forwarded
    (RFC 7239). The other one is not read, as proxies pass on what a stranger wrote in it."""
    proxy_hops: int = Field(0, ge=0, le=MOST_HOPS)
    """How many proxies a request passes at most; 0: as many as are trusted, with `*` one."""
    proxy_certificates: ProxyCertificateSettings = ProxyCertificateSettings()
    """How the proxies pass on the certificates of TLS clients (RFC 8705)."""
    auto_migrate: bool = True
    """Whether `serve` and the commands bring the databases to this version's tables; false: only
    `gatepass migrate` does, and the server refuses to start where it cannot work with them."""
    application_cache: int = Field(256, ge=1, le=1_000_000)
    """Megabytes of memory in which a worker keeps the applications that it needs often, for each
    environment; one takes about 600 bytes. The others are read from the database for each use."""
    key_rotation: int = Field(30 * 24 * 3600, ge=3600)
    """Seconds for which a key makes tokens before the next one does."""
    path_aliases: PathAliases = PathAliases()
    """Further paths of the OAuth endpoints, for clients of the system that was there before."""
    token_origins: Texts = ()
    """Origins of pages that may ask for tokens from a browser, as https://tool.example.com: the
    token endpoint answers their OPTIONS and lets them read. Whoever opens such a page can read the
    client secret in it; leave this empty unless people enter their own."""
    docs: Path | None = None
    """The folder of the built documentation site, served at /docs/ for partners; errors then have
    an `error_uri` that leads there. Not set: no documentation is served."""
    stale_grace_seconds: int = Field(300, ge=1)
    """Seconds for which tokens are issued and verified from memory while the database is away."""

    metrics_networks: Networks = ("127.0.0.0/8", "::1/128")
    """Addresses or networks that may read /metrics, never through a proxy; empty: nobody."""
    metrics_host: str = Field("127.0.0.1", min_length=1)
    """The address on which /metrics listens, if `metrics_port` is set."""
    metrics_port: int = Field(0, ge=0, le=65535)
    """A port for /metrics alone, which then is nowhere else. 0: the other ports answer /metrics,
    unless `trusted_proxies` or an https issuer says that a proxy stands in front."""
    access_log: bool = False
    """Write a line for each request to the log: method, path, status, duration, bytes, client; no
    query, header or body."""
    telemetry: bool = False
    """Send traces, metrics and logs by OpenTelemetry, as its variables OTEL_... say; needs
    gatepass[telemetry]. Traces cost speed: OTEL_TRACES_EXPORTER=none leaves them out."""
    traces: bool = False
    """Make a span of each request by OpenTelemetry's API, for a program that configures its SDK;
    needs gatepass[telemetry]."""

    @field_validator("host")
    @classmethod
    def _hosts_have_no_brackets(cls, host: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(each.removeprefix("[").removesuffix("]") for each in host)

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for each in proxies:
            if each == EVERYONE and len(proxies) > 1:
                raise ValueError("must be addresses or networks, or * alone")
            if each != EVERYONE:
                check_network(each)
        return proxies

    @field_validator("token_origins")
    @classmethod
    def _origins_are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            has_default_port = f"{origin}/".endswith(_DEFAULT_PORTS.get(origin[:5], "//"))
            if has_default_port or not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin: give scheme, host and port in lower case, as "
                    "https://tool.example.com, without path, slash or default port (* is none)"
                )
        return origins

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the caller's signature
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the caller's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave out dotenv and secret folders: one way to say a thing is enough."""
        return init_settings, VariableSource(settings_cls), TomlConfigSettingsSource(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _default_sandbox_port(cls, values: dict[str, object]) -> dict[str, object]:
        port = str(values.get("port", 8000))
        if not values.get("sandbox_port") and port.isdecimal():  # a wrong port has its own error
            values["sandbox_port"] = int(port) + 1
        return values

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        consistency.check(self)
        return self

    @property
    def certificate_methods(self) -> tuple[str, ...]:
        """Return how clients may authenticate with certificates that arrive here (RFC 8705 §2)."""
        if self.tls.mtls_port or self.proxy_certificates.verified_header:
            return ("tls_client_auth", "self_signed_tls_client_auth")
        return ("self_signed_tls_client_auth",) if self.proxy_certificates.header else ()

    @property
    def drain(self) -> float:
        """Return the seconds for which the server drains, within the time that it has to end."""
        return min(self.drain_seconds, self.shutdown_timeout / 2)

    def environment(self, mode: Mode) -> EnvironmentSettings:
        """Return the settings of the environment with `mode`."""
        return self.production if mode is Mode.LIVE else self.sandbox

    def hosts(self, mode: Mode) -> tuple[str, ...]:
        """Return the Host header values that choose an environment, on any of the ports."""
        return addresses.hosts(self, mode)

    def mtls_url(self, mode: Mode) -> str:
        """Return the address at which clients are asked for a certificate; empty without one."""
        return addresses.mtls_url(self, mode)

    def mtls_hosts(self, mode: Mode) -> tuple[str, ...]:
        """Return the Host header values of an environment on the port of client certificates."""
        return addresses.mtls_hosts(self, mode)

    def issuer(self, mode: Mode) -> str:
        """Return an environment's issuer; by default an address that every client can resolve."""
        return addresses.issuer(self, mode)

    def relying_party(self, mode: Mode) -> RelyingParty:
        """Return who passkeys of an environment are made for."""
        name = self._branding(mode).name or self.operator.name
        name = name if mode is Mode.LIVE else f"{name} (sandbox)"
        return relying_party(self.issuer(mode), self.environment(mode).passkey_domain, name)

    def brand(self, mode: Mode) -> Brand:
        """Return what an environment shows as its own; its files are read.

        Raises ValueError, which says what cannot be shown.
        """
        operator = self.operator
        return brand.load(self._branding(mode), self.data, operator.name, operator.support)

    def _branding(self, mode: Mode) -> BrandingSettings:
        return self.branding.with_changes(self.environment(mode).branding)

    @property
    def is_https(self) -> bool:
        """Return whether an issuer is https."""
        return any(self.issuer(mode).startswith("https://") for mode in Mode)

    @property
    def has_proxy(self) -> bool:
        """Return whether a proxy must be in front: it is named, or another one speaks TLS."""
        return bool(self.trusted_proxies) or (self.is_https and not self.tls.is_on)


def load(config: Path | None = None, *, has_variables: bool = True, **given: object) -> Settings:
    """Read the settings; `given` (arguments that are not None) win.

    Without `config`, `gatepass.toml` in the data directory (the argument, else GATEPASS_DATA) is
    read where there is one. Without `has_variables` no `GATEPASS_...` variable counts.
    Raises SettingsError for an unknown key, a bad value or an unreadable file.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if config is None:
        named = chosen.get("data") or (_variable("data") if has_variables else None)
        found = Path(str(named or DATA)) / CONFIG_NAME
        config = found if found.exists() else None
    elif not config.is_file():
        raise SettingsError(f"There is no settings file {config}.")

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=config)

        @classmethod
        def settings_customise_sources(  # type: ignore[override] # it is called by keywords
            cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            every = super().settings_customise_sources(settings_cls, **sources)
            return tuple(
                each for each in every if has_variables or not isinstance(each, VariableSource)
            )

    try:
        return FromFile.model_validate(FromFile(**chosen))  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = first["loc"]
        where = ".".join(str(part) for part in path) or "settings"
        is_unknown = first["type"] == "extra_forbidden"
        what = "unknown setting" if is_unknown else first["msg"].removeprefix("Value error, ")
        source = _argument(path, chosen) or variable_of(path, os.environ) or config
        raise SettingsError(f"{where}: {what}. Mend it in {source or 'the environment'}.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{config}: {error}") from None


def _variable(name: str) -> str | None:
    """Return the value of a setting's variable, whose name counts in any case; None if not set."""
    variable = variable_of((name,), os.environ)
    return os.environ[variable] if variable else None


def _argument(path: tuple[str | int, ...], chosen: Mapping[str, object]) -> str | None:
    """Return the command-line option that a setting came from; None if from none."""
    name = str(path[0]) if path else ""
    if name == "tls" and name in chosen:
        return "--tls-cert, --tls-key, --mtls-port and --client-ca"
    return f"--{name.replace('_', '-')}" if name in chosen else None
