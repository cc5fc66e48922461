"""Carries token requests with httpx2."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx2

from gatepass.client.doctor import route
from gatepass.client.doctor.certificate import explained, refusal_in
from gatepass.client.errors import CertificateRefused, ConfigurationError, Unreachable
from gatepass.client.tokens.certificate_authorities import trusted
from gatepass.client.tokens.deadline import Connection, closing
from gatepass.client.tokens.request import LONGEST_ANSWER
from gatepass.wire.flow import Request, Response
from gatepass.wire.urls import may_use_proxy

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
    (HTTPS_PROXY and the like) cannot be used, at the start and later, or the certificate
    authorities that it or `ca_file` names (see `trusted`).
    """

    def __init__(self, token_url: str, ca_file: str = "") -> None:
        try:
            httpx2.URL(token_url)
        except httpx2.InvalidURL:
            raise ConfigurationError("the token URL cannot be used: correct it") from None
        self._given = (token_url, ca_file)
        secure = may_use_proxy(token_url)
        # Reading the trusted certificates takes a while, so once and not in an event loop;
        # a plain connection, which only loopback may have, has none to check.
        self._verify = trusted(ca_file) if secure else False
        self._trust_env = secure
        with usable_proxy(), httpx2.Client(verify=self._verify, trust_env=secure):
            pass  # so that a wrong setting shows at the start

    def __reduce__(self) -> tuple[Any, ...]:
        """Have copies and pickles read the trusted certificates again."""
        return type(self), self._given

    def send(self, request: Request) -> Response:
        """Send `request` and wait."""
        timeout = request.timeout or _TIMEOUT
        with usable_proxy():
            client = httpx2.Client(verify=self._verify, trust_env=self._trust_env, timeout=timeout)
        connection = Connection(timeout)
        with (
            _unreachable(request.url),
            connection.cut_in_time(),
            client,
            client.stream(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                timeout=httpx2.Timeout(timeout, connect=route.share(request.url, timeout)),
                extensions={"trace": connection.trace},
            ) as answer,
        ):
            body = b""
            for chunk in answer.iter_raw():
                body += chunk
                connection.check_time()
                if len(body) > LONGEST_ANSWER:
                    break
            return Response(answer.status_code, _lower(answer.headers), body)

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
            _cut_after(timeout, request.url),
            client,
            client.stream(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                extensions={"trace": trace},
            ) as answer,
        ):
            body = b""
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > LONGEST_ANSWER:
                    break
            return Response(answer.status_code, _lower(answer.headers), body)


@asynccontextmanager
async def _cut_after(seconds: float, url: str) -> AsyncIterator[None]:
    with _unreachable(url):
        async with asyncio.timeout(seconds):
            yield


def _lower(headers: httpx2.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def _unreachable(url: str) -> Iterator[None]:
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as error:  # ours for all of it, or one of httpx2
        raise Unreachable(f"no whole answer in time, {type(error).__name__}") from None
    except OSError as error:  # of a name that was not found
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    except (httpx2.ConnectError, httpx2.ProxyError) as error:
        refused = refusal_in(error)
        if refused is not None:
            raise CertificateRefused(explained(refused, route.target(url).host)) from None
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    except httpx2.RequestError as error:  # of a malformed answer, it may quote the answer
        raise Unreachable(type(error).__name__) from None
    except (UnicodeError, OverflowError, ExceptionGroup):  # of a host or port no socket takes
        raise ConfigurationError(_NO_PROXY) from None


@contextmanager
def usable_proxy() -> Iterator[None]:
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
