"""The settings of one environment."""

from contextlib import suppress
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from gatepass.jose.algorithms import Algorithm
from gatepass.server.configuration.branding.settings import BrandingSettings
from gatepass.server.configuration.environment_variables import Texts
from gatepass.server.configuration.network.hosts import parse as parse_host
from gatepass.server.configuration.section import Section
from gatepass.server.domain.token_policy import Tokens
from gatepass.server.storage.connection_slots import MOST
from gatepass.server.storage.postgresql import address as addresses
from gatepass.translation.language import check_languages
from gatepass.wire.urls import is_confidential
from gatepass.wire.urls import split as split_url


class EnvironmentSettings(Section):
    """One environment: the hosts that choose it, its issuer and its database."""

    hosts: Texts = ()
    """Hosts, as app.example.com or app.example.com:8443; the first is the one that links use unless
    `issuer` is set. The host of `issuer` is always one. In the Host header they may have the
    scheme's default port or a dot at the end, and the issuer's may lack its port."""
    issuer: str = ""
    """Issuer identifier and base address (RFC 8414 §2), https except on loopback."""
    passkey_domain: str = ""
    """The domain that passkeys are bound to (the relying party id of WebAuthn): the host of
    `issuer`, which is the default, or a domain above it, as example.com. When it changes, all
    passkeys stop working that were made before."""
    hsts_subdomains: bool = False
    """Whether HSTS (RFC 6797), which an https issuer sends, also covers the host's subdomains."""
    database: str = ""
    """Address of a PostgreSQL database, as a URL or as parameters of libpq; empty means SQLite in
    the data directory. The password may be in PGPASSWORD or in the file that PGPASSFILE names
    (~/.pgpass) instead."""
    database_connections: int = Field(MOST, ge=4, le=1000)
    """How many connections to its PostgreSQL a process opens at most, five of which stay open."""

    database_listen: str = ""
    """Address of the same PostgreSQL database without a pooler, at which changes are listened for:
    they are known sooner, and looked for less often. Empty: they are looked for ten times a
    second."""

    tokens: Tokens = "opaque"
    """Format of access tokens for resources that name none: opaque, or jwt (RFC 9068)."""
    algorithm: Algorithm = "ES256"
    """Signature algorithm of JWTs for resources that name none."""
    private_key_jwt: bool = True
    """Whether applications may authenticate with a key pair in place of a secret (RFC 7523)."""
    dpop: bool = True
    """Whether clients may bind their tokens to a key with DPoP (RFC 9449)."""
    dpop_nonces: bool = False
    """Whether DPoP proofs need a nonce of the server (RFC 9449 §8), which ends every proof after
    four minutes whatever the client's clock says. Clients fetch it with one more request."""
    mtls_url: str = ""
    """A second base address, as https://mtls.app.example.com, at which TLS asks clients for a
    certificate, so that browsers are asked for none at `issuer`. Its host is one of the hosts. The
    metadata names it in `mtls_endpoint_aliases` (RFC 8705 §5), if certificates arrive. Empty: the
    address of `tls.mtls_port`, if there is one."""
    profile: Literal["", "fapi2"] = ""
    """The security profile that holds for all applications. fapi2 is the FAPI 2.0 Security Profile,
    as far as it is about client credentials: no client secrets, few algorithms, and no token that
    is not bound to a key or certificate. Empty: it holds for the applications that have it set."""
    languages: Texts = ()
    """The languages of pages and mail, as ["de", "en"]: the first one for those whose browser asks
    for none of them. Empty: all that there are, English first."""
    branding: BrandingSettings | None = None
    """What differs from `[branding]` in this environment: a table with the same settings, each of
    which replaces that one."""

    @field_validator("issuer", "mtls_url")
    @classmethod
    def _issuer_is_safe(cls, issuer: str) -> str:
        if not issuer:
            return issuer
        parts = split_url(issuer)
        if parts is None or not is_confidential(parts):
            raise ValueError("must be https, or http on a loopback host")
        if parts.query or parts.fragment or issuer.endswith("/") or parts.path:
            raise ValueError("must be a scheme and a host, without path or trailing slash")
        return issuer

    @model_validator(mode="after")
    def _profile_holds(self) -> Self:
        if self.profile and self.algorithm == "RS256":
            raise ValueError("algorithm cannot be RS256 with the profile fapi2")
        return self

    @field_validator("hosts")
    @classmethod
    def _hosts_are_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(parse_host(host) for host in hosts)

    @field_validator("languages")
    @classmethod
    def _languages_are_there(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        check_languages(languages)
        return tuple(dict.fromkeys(languages))

    @field_validator("database", "database_listen")
    @classmethod
    def _database_is_known(cls, database: str) -> str:
        if not database:
            return database
        if not addresses.is_address(database):
            raise ValueError("must be the address of a PostgreSQL database, or empty for SQLite")
        with suppress(ImportError):  # the driver, whose lack is said at the start
            addresses.parse(database)
        return database
