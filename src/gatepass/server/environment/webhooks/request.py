"""One POST to an address that strangers chose: checked when connecting, within limits.

The address that was checked is the one that is connected to, so a name that leads elsewhere the
next time gains nothing. No proxy is used, no redirect followed, nothing kept open. Of the answer
only the status code is kept.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import SplitResult
from uuid import UUID

import h11

from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.domain.changes.webhooks.model import Result
from gatepass.wire.networks import Network, may_connect
from gatepass.wire.urls import is_loopback, split

MOST_READ = 64 * 1024  # bytes of an answer
_CONNECT = 5.0  # seconds for one address
_DRAIN = 1.0  # seconds for the rest of an answer whose status is known
_TRIED = 3  # addresses of a host
_PIECE = 8192
_LONGEST_HEAD = 16 * 1024
_PORTS = {"https": 443, "http": 80}

Resolve = Callable[[str, int], Sequence[str]]


class _NotSentError(Exception):
    """Why nothing came of a request, in words that contain nothing of the answer."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a host; raise OSError without any."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


class Sender:
    """Sends requests, from any thread."""

    def __init__(self, settings: WebhookSettings, resolve: Resolve = resolve) -> None:
        self._timeout = settings.timeout
        self._allowed = settings.networks()
        self._ca_file = settings.ca_file
        self._resolve = resolve
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, org_id: UUID | None = None
    ) -> Result:
        """Send one request; return its status code, or why there is none.

        `org_id` is of the organization that has chosen the URL; None: the operator has.
        """
        started = time.monotonic()
        allowed = self._allowed.of(org_id)
        try:
            status = self._post(url, allowed, headers, body, started + self._timeout)
            error = ""
        except _NotSentError as refused:
            status, error = None, str(refused)
        if status is not None and 300 <= status < 400:
            error = "redirects are not followed"
        return Result(status, error, round((time.monotonic() - started) * 1000))

    def _post(
        self,
        url: str,
        allowed: Sequence[Network],
        headers: Mapping[str, str],
        body: bytes,
        ends_at: float,
    ) -> int:
        parts = split(url)
        if parts is None:
            raise _NotSentError("not a URL")
        addresses = self._addresses(parts, allowed)
        try:
            with self._connected(parts, addresses, ends_at) as connection:
                return _exchange(connection, _request(parts, headers, body), body, ends_at)
        except ssl.SSLCertVerificationError:
            raise _NotSentError("its certificate is not trusted") from None
        except ssl.SSLError:
            raise _NotSentError("TLS failed") from None
        except TimeoutError:
            raise _NotSentError("no answer in time") from None
        except h11.RemoteProtocolError:
            raise _NotSentError("the answer is not HTTP") from None
        except OSError:
            raise _NotSentError("the connection was lost") from None

    def _addresses(self, parts: SplitResult, allowed: Sequence[Network]) -> Sequence[str]:
        """Return where a host is; raise _NotSentError where one address may not be reached."""
        host = parts.hostname or ""
        try:
            found = self._resolve(host, parts.port or _PORTS[parts.scheme])
        except (OSError, UnicodeError):
            raise _NotSentError("the name of the host is not known") from None
        if not found or not all(may_connect(each, allowed) for each in found):
            raise _NotSentError("not a public address")
        is_plain = parts.scheme != "https"
        if is_plain and not (
            is_loopback(host) and all(ip_address(each).is_loopback for each in found)
        ):
            raise _NotSentError("not https")
        return found

    def _connected(
        self, parts: SplitResult, addresses: Sequence[str], ends_at: float
    ) -> socket.socket:
        """Return a connection to the first address that takes one, with TLS for the name."""
        port = parts.port or _PORTS[parts.scheme]
        plain = None
        for address in addresses[:_TRIED]:
            try:
                plain = socket.create_connection(
                    (address, port), timeout=min(_CONNECT, _left(ends_at))
                )
                break
            except OSError:
                continue
        if plain is None:
            raise _NotSentError("no connection")
        if parts.scheme != "https":
            return plain
        try:
            plain.settimeout(_left(ends_at))
            return self._context().wrap_socket(plain, server_hostname=parts.hostname)
        except BaseException:
            plain.close()
            raise

    def _context(self) -> ssl.SSLContext:
        with self._lock:  # it takes some 20 ms to make
            if self._tls is None:
                self._tls = ssl.create_default_context(
                    cafile=str(self._ca_file) if self._ca_file else None
                )
            return self._tls


def _request(parts: SplitResult, headers: Mapping[str, str], body: bytes) -> h11.Request:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {
        "host": parts.netloc,
        "user-agent": "Gatepass",
        "accept": "*/*",
        "content-length": str(len(body)),
        "connection": "close",
        **headers,
    }
    return h11.Request(method="POST", target=target, headers=list(sent.items()))


def _exchange(connection: socket.socket, request: h11.Request, body: bytes, ends_at: float) -> int:
    """Send a request and return the status code of its answer, of which the rest is dropped."""
    protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
    connection.settimeout(_left(ends_at))
    connection.sendall(protocol.send(request) or b"")
    connection.sendall(protocol.send(h11.Data(data=body)) or b"")
    protocol.send(h11.EndOfMessage())
    status, read = None, 0
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            if read > MOST_READ:
                raise h11.RemoteProtocolError("the head has no end")
            connection.settimeout(_left(ends_at))
            piece = connection.recv(_PIECE)
            read += len(piece)
            protocol.receive_data(piece)
        elif isinstance(event, h11.Response):
            status = event.status_code
            _drain(connection, min(ends_at, time.monotonic() + _DRAIN), MOST_READ - read)
            return status


def _drain(connection: socket.socket, ends_at: float, most: int) -> None:
    """Read what is left of a short answer, so that its sender is not cut off in the middle."""
    try:
        while most > 0:
            connection.settimeout(_left(ends_at))
            piece = connection.recv(_PIECE)
            if not piece:
                return
            most -= len(piece)
    except OSError:
        return


def _left(ends_at: float) -> float:
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
