"""HTTP to providers: only where administrators of partners may send this server, within limits.

A partner's administrator chooses the issuer. So that nobody reaches the operator's own network
through this server, a provider must be at a public address, or in a network that the settings
name. The address that was checked is the one that is connected to.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
from gatepass.server.environment.openid_provider.deadline import Deadline
from gatepass.server.environment.openid_provider.errors import ProviderAwayError, ProviderError
from gatepass.wire.networks import may_connect
from gatepass.wire.urls import is_loopback

LONGEST = 128 * 1024  # bytes of a response
_TRIED = 3  # addresses of a host

Resolve = Callable[[str, int], Sequence[str]]


class Response(NamedTuple):
    """What a provider answered."""

    status: int
    content_type: str
    body: bytes


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host; raise OSError without any."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


class Network:
    """Sends requests to providers, from any thread: no redirects, nothing kept open."""

    def __init__(self, settings: SingleSignOnSettings, resolve: Resolve = resolve) -> None:
        self._timeout = settings.timeout
        self._private = tuple(ip_network(each, strict=False) for each in settings.private_networks)
        self._resolve = resolve
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return the answer to a GET; raise ProviderError."""
        return self._send("GET", url, dict(headers or {}), None)

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Response:
        """Return the answer to a form; raise ProviderError."""
        sent = {**headers, "content-type": "application/x-www-form-urlencoded"}
        return self._send("POST", url, sent, urlencode(form).encode())

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        parts, deadline = urlsplit(url), Deadline(self._timeout)
        headers |= {"accept": "application/json", "accept-encoding": "identity"}
        proxy, named = _proxy_of(parts), _named(url)
        self._check_name(parts)
        if proxy:  # it looks the name up, and decides where it connects to
            return self._exchange(method, named, headers, body, deadline, proxy=proxy)
        host, failed = parts.hostname or "", "no address"
        headers["host"] = parts.netloc.rpartition("@")[2]
        for address in self._addresses(parts)[:_TRIED]:
            target = named.copy_with(host=address)
            try:
                return self._exchange(method, target, headers, body, deadline, server_name=host)
            except httpx2.ConnectError as error:
                failed = type(error).__name__ if _is_tls(error) else "no connection"
                if _is_tls(error):
                    raise ProviderError(f"{host} has a certificate that is not trusted") from None
        raise ProviderAwayError(f"{host} cannot be reached: {failed}")

    def _exchange(
        self,
        method: str,
        url: httpx2.URL,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
        *,
        server_name: str = "",
        proxy: str | None = None,
    ) -> Response:
        """Send one request; raise ProviderError for everything but a refused connection."""
        host = server_name or url.host
        # A connection is not kept: it was made for one name, and another one may be at its address.
        client = httpx2.Client(
            transport=httpx2.HTTPTransport(verify=self._context(), proxy=proxy),
            timeout=deadline.remaining(),
            trust_env=False,
        )
        extensions: dict[str, object] = {"trace": deadline.trace}
        if server_name:
            extensions["sni_hostname"] = server_name
        received = b""
        try:
            with (
                deadline,
                client,
                client.stream(
                    method, url, headers=headers, content=body, extensions=extensions
                ) as response,
            ):
                for piece in response.iter_raw():
                    received += piece
                    if len(received) > LONGEST:
                        raise ProviderError(f"{host} answered more than {LONGEST} bytes")
        except httpx2.ConnectError:
            raise
        except (httpx2.TimeoutException, TimeoutError):
            raise ProviderAwayError(f"{host} did not answer in time") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ProviderAwayError(f"{host}: {type(error).__name__}") from None
        if response.is_redirect:
            raise ProviderError(f"{host} answered with a redirect, which is not followed")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise ProviderError(f"{host} answered compressed, which was not accepted")
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Response(response.status_code, kind, received)

    def _context(self) -> ssl.SSLContext:
        with self._lock:  # it takes some 20 ms to make
            if self._tls is None:
                self._tls = httpx2.create_ssl_context()
            return self._tls

    def _check_name(self, parts: SplitResult) -> None:
        """Raise ProviderError for what is not https, and for an address that is not allowed."""
        host = parts.hostname or ""
        if parts.scheme != "https" and not is_loopback(host):
            raise ProviderError(f"{host} is not https")
        try:
            self._check((host,), host)
        except ValueError:
            if is_loopback(host) and not any(each.is_loopback for each in self._private):
                raise ProviderError(_PRIVATE.format(host)) from None

    def _addresses(self, parts: SplitResult) -> Sequence[str]:
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise ProviderAwayError(f"the DNS does not know {host}") from None
        self._check(found, host)
        if parts.scheme != "https" and not all(ip_address(each).is_loopback for each in found):
            raise ProviderError(f"{host} is not https")
        return found

    def _check(self, addresses: Iterable[str], host: str) -> None:
        """Raise ProviderError where one of the addresses may not be connected to."""
        for text in addresses:
            if not may_connect(text, self._private):
                raise ProviderError(_PRIVATE.format(host))


_PRIVATE = (
    "{} is not at a public address: the operator can allow it (single_sign_on.private_networks)"
)


def _named(url: str) -> httpx2.URL:
    try:
        return httpx2.URL(url)
    except httpx2.InvalidURL:
        raise ProviderError("the address is malformed") from None


def _proxy_of(parts: SplitResult) -> str | None:
    """Return the proxy of the environment for an https URL, as other programs use it."""
    host = parts.hostname or ""
    if parts.scheme != "https" or is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get("https")


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
