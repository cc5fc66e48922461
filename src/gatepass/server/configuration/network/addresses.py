"""The addresses of both environments, as they follow from the settings: issuers, hosts. Pure."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gatepass.server.configuration.network.hosts import spellings, split
from gatepass.wire.credential import Mode
from gatepass.wire.urls import is_loopback

if TYPE_CHECKING:
    from gatepass.server.configuration.settings import Settings


def hosts(settings: "Settings", mode: Mode) -> tuple[str, ...]:
    """Return the Host header values that choose an environment, on any of the ports."""
    mtls_url = settings.environment(mode).mtls_url
    named = (urlsplit(mtls_url).netloc,) if mtls_url else ()
    return tuple(dict.fromkeys((*_main_hosts(settings, mode), *named, *mtls_hosts(settings, mode))))


def mtls_url(settings: "Settings", mode: Mode) -> str:
    """Return the address at which clients are asked for a certificate; empty without one."""
    own = next((f"https://{host}" for host in mtls_hosts(settings, mode)), "")
    return settings.environment(mode).mtls_url or own


def mtls_hosts(settings: "Settings", mode: Mode) -> tuple[str, ...]:
    """Return the Host header values of an environment on the port of client certificates.

    The first one is that of the issuer, where it has one. Both environments share the port,
    so the sandbox has no name there that production has, too.
    """
    if not settings.tls.mtls_port:
        return ()
    names = [split(host).name for host in _main_hosts(settings, mode)]
    if mode is Mode.TEST:
        taken = {split(host).name for host in _main_hosts(settings, Mode.LIVE)}
        names = [name for name in names if name not in taken]
    preferred = split(issuer(settings, mode).partition("://")[2].lower()).name
    names.sort(key=lambda name: name != preferred)
    return tuple(dict.fromkeys(f"{name}:{settings.tls.mtls_port}" for name in names))


def _main_hosts(settings: "Settings", mode: Mode) -> tuple[str, ...]:
    name, port = (
        ("app", settings.port) if mode is Mode.LIVE else ("sandbox-app", settings.sandbox_port)
    )
    hosts = settings.environment(mode).hosts or (
        f"{name}.localhost:{settings.port}",
        f"localhost:{port}",
        f"127.0.0.1:{port}",
        f"[::1]:{port}",
    )
    if mode is Mode.TEST or not settings.console.port:
        return hosts
    of_console = (f"{split(host).name}:{settings.console.port}" for host in hosts)
    return tuple(dict.fromkeys((*hosts, *of_console)))


def issuer(settings: "Settings", mode: Mode) -> str:
    """Return an environment's issuer; by default an address that every client can resolve."""
    given = settings.environment(mode)
    if given.issuer:
        return given.issuer
    if given.hosts:
        is_plain = is_loopback(urlsplit("//" + given.hosts[0]).hostname or "")
        scheme = "http" if is_plain and not settings.tls.is_on else "https"
        return f"{scheme}://{given.hosts[0]}"
    scheme = "https" if settings.tls.is_on else "http"
    return f"{scheme}://localhost:{settings.port if mode is Mode.LIVE else settings.sandbox_port}"


def shared_hosts(settings: "Settings") -> set[str]:
    """Return the Host header values that both environments have, however they are spelled."""
    return _spellings(settings, Mode.LIVE) & _spellings(settings, Mode.TEST)


def _spellings(settings: "Settings", mode: Mode) -> set[str]:
    scheme = issuer(settings, mode).partition("://")[0]
    return {each for host in hosts(settings, mode) for each in spellings(host, scheme)}
