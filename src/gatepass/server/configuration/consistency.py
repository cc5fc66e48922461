"""What must hold between settings, as each of them may be right by itself. Pure but for files."""

from typing import TYPE_CHECKING

from gatepass.server.configuration.network import addresses
from gatepass.server.configuration.network.proxies import EVERYONE
from gatepass.server.domain.users.factors.model import is_domain_of
from gatepass.wire.credential import Mode

if TYPE_CHECKING:
    from gatepass.server.configuration.settings import Settings

_ENVIRONMENTS = ((Mode.LIVE, "production"), (Mode.TEST, "sandbox"))


def check(settings: "Settings") -> None:
    """Raise ValueError, which says what to change, unless the settings fit together."""
    _ports_are_apart(settings)
    _certificates_come_from_named_proxies(settings)
    _clients_of_a_profile_can_authenticate(settings)
    _hosts_are_apart(settings)
    _passkeys_work_at_the_issuer(settings)
    _brands_can_be_shown(settings)


def _ports_are_apart(settings: "Settings") -> None:
    taken = {settings.port, settings.sandbox_port, settings.metrics_port}
    own = (("console.port", settings.console.port), ("tls.mtls_port", settings.tls.mtls_port))
    for name, port in own:
        if port and port in taken:
            raise ValueError(f"{name} {port} is the port of something else")
        taken.add(port)


def _certificates_come_from_named_proxies(settings: "Settings") -> None:
    certificates, proxies = settings.proxy_certificates, settings.trusted_proxies
    if certificates.verified_header and not certificates.header:
        raise ValueError("proxy_certificates.verified_header needs proxy_certificates.header")
    if certificates.header and certificates.verified_header == certificates.header:
        raise ValueError("proxy_certificates names one header for two things")
    if certificates.header and (not proxies or EVERYONE in proxies or _has_all(proxies)):
        raise ValueError(
            "proxy_certificates.header needs trusted_proxies that names the proxies alone: "
            "every other peer could send any client's certificate"
        )


def _clients_of_a_profile_can_authenticate(settings: "Settings") -> None:
    for mode, name in _ENVIRONMENTS:
        own = settings.environment(mode)
        if not own.profile:
            continue
        if not (own.private_key_jwt or settings.certificate_methods):
            raise ValueError(
                f"{name}.profile {own.profile} accepts no secrets: turn private_key_jwt on, or "
                "have clients send certificates (tls.mtls_port, proxy_certificates)"
            )
        if not (own.dpop or settings.certificate_methods):
            raise ValueError(
                f"{name}.profile {own.profile} issues only tokens that are bound: turn "
                "dpop on, or have clients send certificates (tls.mtls_port, proxy_certificates)"
            )


def _hosts_are_apart(settings: "Settings") -> None:
    if both := addresses.shared_hosts(settings):
        raise ValueError(f"production and sandbox share the host {min(both)}")


def _passkeys_work_at_the_issuer(settings: "Settings") -> None:
    for mode in Mode:
        domain, issuer = settings.environment(mode).passkey_domain, settings.issuer(mode)
        if domain and not is_domain_of(domain, issuer):
            raise ValueError(
                f"passkey_domain {domain!r} is neither the host of {issuer} nor a domain above "
                "it: browsers would refuse every passkey"
            )


def _brands_can_be_shown(settings: "Settings") -> None:
    for mode, name in _ENVIRONMENTS:
        try:
            settings.brand(mode)
        except ValueError as error:
            changes = settings.environment(mode).branding
            raise ValueError(f"{f'{name}.' if changes else ''}branding: {error}") from None


def _has_all(networks: tuple[str, ...]) -> bool:
    """Return whether one of the networks has every address in it."""
    return any(each.endswith("/0") for each in networks)
