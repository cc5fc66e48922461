"""Sends token requests with httpx2."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import httpx2

from gatepass.client.errors import CertificateRefused, ConfigurationError, Unreachable
from gatepass.client.keys.certificate import ClientCertificate
from gatepass.client.network.certificate_authorities import trusted
from gatepass.client.network.certificate_errors import explain, find_verification_error
from gatepass.client.network.deadline import Connection, closing
from gatepass.client.network.proxy import UNUSABLE, usable_proxy
from gatepass.client.network.route import connect_timeout, target
from gatepass.client.tokens.request import LONGEST_RESPONSE
from gatepass.wire.flow import Request, Response
from gatepass.wire.urls import may_use_proxy

_TIMEOUT = 10.0  # seconds, where a request does not say


class Httpx2Sender:
    """Sends token requests, each on a connection of its own.

    Renewals are hours apart, so a pool would hold nothing but dead connections; and a client
    created for one request works in every thread, event loop and forked process. A request's
    timeout holds even where the response arrives byte by byte; only resolving a name can take
    longer. Raises ConfigurationError where the proxy that the environment names (HTTPS_PROXY
    and the like) cannot be used, at the start and later, or the certificate authorities that
    it or `ca_file` names (see `trusted`). Connections have the
    `certificate`, if any. It stops reading a response soon after `longest` bytes.
    """

    def __init__(
        self,
        token_url: str,
        ca_file: str = "",
        certificate: ClientCertificate | None = None,
        *,
        longest: int = LONGEST_RESPONSE,
    ) -> None:
        try:
            httpx2.URL(token_url)
        except httpx2.InvalidURL:
            raise ConfigurationError("the token URL cannot be used: correct it") from None
        self._arguments = (token_url, ca_file, certificate)
        self._longest = longest
        secure = may_use_proxy(token_url)
        # Reading the trusted certificates takes a while, so once and not in an event loop;
        # a plain connection, which only loopback may have, needs none.
        self._verify: ssl.SSLContext | bool = False
        if secure:
            self._verify = certificate.context(ca_file) if certificate else trusted(ca_file)
        self._trust_env = secure
        with usable_proxy(), httpx2.Client(verify=self._verify, trust_env=secure):
            pass  # so that a wrong setting fails at the start

    def __reduce__(self) -> tuple[Any, ...]:
        """Read the trusted certificates again when copied or unpickled."""
        return partial(type(self), longest=self._longest), self._arguments

    def send(self, request: Request) -> Response:
        """Send `request` and block until the response."""
        timeout = request.timeout or _TIMEOUT
        with usable_proxy():
            client = httpx2.Client(verify=self._verify, trust_env=self._trust_env, timeout=timeout)
        connection = Connection(timeout)
        with (
            _unreachable(request.url),
            connection.cut_at_deadline(),
            client,
            client.stream(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                timeout=httpx2.Timeout(timeout, connect=connect_timeout(request.url, timeout)),
                extensions={"trace": connection.trace},
            ) as response,
        ):
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                connection.check_deadline()
                if len(body) > self._longest:
                    break
            return Response(response.status_code, dict(response.headers), bytes(body))

    async def asend(self, request: Request) -> Response:
        """Send `request` without blocking the event loop.

        The loop needs a thread to resolve a name. Where no thread can be started (the limit is
        reached, or the interpreter ends), the request is sent and the loop waits for it.
        """
        try:
            return await self._asend(request)
        except RuntimeError:
            return self.send(request)

    async def _asend(self, request: Request) -> Response:
        timeout = request.timeout or _TIMEOUT
        with usable_proxy():
            client = httpx2.AsyncClient(
                verify=self._verify, trust_env=self._trust_env, timeout=timeout
            )
        async with (
            closing() as trace,
            _timeout_after(timeout, request.url),
            client,
            client.stream(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                extensions={"trace": trace},
            ) as response,
        ):
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > self._longest:
                    break
            return Response(response.status_code, dict(response.headers), bytes(body))


@asynccontextmanager
async def _timeout_after(seconds: float, url: str) -> AsyncIterator[None]:
    with _unreachable(url):
        async with asyncio.timeout(seconds):
            yield


@contextmanager
def _unreachable(url: str) -> Iterator[None]:
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as error:  # of the whole exchange, or of httpx2
        raise Unreachable(f"no whole answer in time, {type(error).__name__}") from None
    except OSError as error:  # of a name that was not found
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    except (httpx2.ConnectError, httpx2.ProxyError) as error:
        refused = find_verification_error(error)
        if refused is not None:
            raise CertificateRefused(explain(refused, target(url).host)) from None
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    except httpx2.RequestError as error:  # of a malformed response, which it may quote
        raise Unreachable(type(error).__name__) from None
    except (UnicodeError, OverflowError, ExceptionGroup):  # of a host or port no socket takes
        raise ConfigurationError(UNUSABLE) from None
