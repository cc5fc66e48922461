"""Carries token requests with httpx2."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from urllib.parse import urlsplit

import httpx2

from gatepass.client.errors import ConfigurationError, Unreachable
from gatepass.client.flow import LONGEST_ANSWER
from gatepass.wire.flow import Request, Response

_TIMEOUT = 10.0  # seconds, where a request does not say
_NO_PROXY = (
    "a proxy setting of the environment (ALL_PROXY, HTTPS_PROXY, NO_PROXY) cannot be used: "
    "give an address like http://proxy:3128"
)


class Httpx2Sender:
    """Carries token requests, each on a connection of its own.

    Renewals are hours apart, so a pool would hold nothing but dead connections; and a client
    made for one request works in every thread, event loop and forked process. A request's
    timeout is kept even where the answer drips in byte by byte; resolving a name is all that
    can take longer. Raises ConfigurationError where the proxy that the environment names
    (HTTPS_PROXY and the like) cannot be used, at the start and later.
    """

    def __init__(self, token_url: str) -> None:
        try:
            httpx2.URL(token_url)
        except httpx2.InvalidURL:
            raise ConfigurationError("the token URL cannot be used: correct it") from None
        secure = urlsplit(token_url).scheme == "https"
        # Reading the trusted certificates takes a while, so once and not in an event loop;
        # a plain connection, which only loopback may have, has none to check.
        self._verify = httpx2.create_ssl_context() if secure else False
        # A plain request is for this very machine; a proxy from the environment is not on it.
        self._trust_env = secure
        with _usable_proxy(), httpx2.Client(verify=self._verify, trust_env=secure):
            pass  # so that a wrong setting shows at the start

    def send(self, request: Request) -> Response:
        """Send `request` and wait."""
        timeout = request.timeout or _TIMEOUT
        with _usable_proxy():
            client = httpx2.Client(verify=self._verify, trust_env=self._trust_env, timeout=timeout)
        connection = _Connection()
        with (
            _unreachable(),
            connection.cut_after(timeout),
            client,
            client.stream(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                extensions={"trace": connection.trace},
            ) as answer,
        ):
            body = b""
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > LONGEST_ANSWER:
                    break
            return Response(answer.status_code, _lower(answer.headers), body)

    async def asend(self, request: Request) -> Response:
        """Send `request` without blocking."""
        timeout = request.timeout or _TIMEOUT
        with _usable_proxy():
            client = httpx2.AsyncClient(
                verify=self._verify, trust_env=self._trust_env, timeout=timeout
            )
        with _unreachable():
            async with (
                asyncio.timeout(timeout),
                client,
                client.stream(
                    request.method, request.url, headers=request.headers, content=request.body
                ) as answer,
            ):
                body = b""
                async for chunk in answer.aiter_raw():
                    body += chunk
                    if len(body) > LONGEST_ANSWER:
                        break
                return Response(answer.status_code, _lower(answer.headers), body)


class _Connection:
    """The socket of one request, to be cut from another thread when its time is up.

    httpx2's timeouts are for each sign of life; an endpoint that sends a byte a second would
    hold a caller for hours.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._is_over = False

    def trace(self, event: str, info: Mapping[str, object]) -> None:
        """Note the socket as soon as there is one, to the endpoint or to a proxy before it.

        This is an extension of httpx2. A duplicate is kept because TLS takes the socket itself
        over, and may be held up in its handshake already.
        """
        if event.endswith("connect_tcp.complete"):
            stream = info["return_value"]
            self._socket = stream.get_extra_info("socket").dup()  # type: ignore[attr-defined]
            if self._is_over:  # the time ended while it was connecting
                self._cut()

    @contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Raise TimeoutError where what is done inside takes longer."""
        timer = Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except httpx2.RequestError:
            if not self._is_over:
                raise
        finally:
            timer.cancel()
            if self._socket is not None:
                self._socket.close()
        if self._is_over:
            raise TimeoutError

    def _cut(self) -> None:
        self._is_over = True
        if self._socket is not None:
            with suppress(OSError):  # the other side closed it a moment ago
                self._socket.shutdown(socket.SHUT_RDWR)


def _lower(headers: httpx2.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def _unreachable() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise Unreachable("no whole answer in time") from None
    except httpx2.RequestError as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    except (UnicodeError, OverflowError, ExceptionGroup):  # of a host or port no socket takes
        raise ConfigurationError(_NO_PROXY) from None


@contextmanager
def _usable_proxy() -> Iterator[None]:
    """Say in one line what httpx2 says of the environment's proxies; they may hold a password."""
    try:
        yield
    except ImportError:
        raise ConfigurationError(
            "the environment names a SOCKS proxy (ALL_PROXY or HTTPS_PROXY), which httpx2 cannot "
            "use without its extra: pip install 'httpx2[socks]', or name another proxy"
        ) from None
    except (ValueError, httpx2.InvalidURL):
        raise ConfigurationError(_NO_PROXY) from None
