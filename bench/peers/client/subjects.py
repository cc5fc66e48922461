"""The clients that are measured: each library as its own documentation sets it up.

Every one calls the API through a transport that answers at once (`Api`), so that nothing but the
library's own work and its token requests, which really go to the stand-in, is measured. What a
documentation leaves to the reader is said where it is done. Libraries are imported late: each
exists in one of two environments.
"""

import asyncio
import importlib
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.client.fake_server import CLIENT_ID, SECRET, Token

API = "http://api.test/"

Call = Callable[[], int] | Callable[[], Awaitable[int]]


class Api:
    """Judges calls: 401 where the token has ended or is refused, else 200.

    A call travels `there` seconds before its token is looked at, and `back` seconds after.
    """

    def __init__(self, there: float = 0.0, back: float = 0.0) -> None:
        self._there, self._back = there, back
        self.refused: set[int] = set()
        self.refuses_all = False

    def answer(self, authorization: str) -> int:
        """Return the status of a call."""
        time.sleep(self._there)
        status = self._judge(authorization)
        time.sleep(self._back)
        return status

    async def aanswer(self, authorization: str) -> int:
        """Return the status of a call made by a task."""
        await asyncio.sleep(self._there)
        status = self._judge(authorization)
        await asyncio.sleep(self._back)
        return status

    def _judge(self, authorization: str) -> int:
        token = Token(authorization.removeprefix("Bearer "))
        is_good = token.is_alive and token.number not in self.refused and not self.refuses_all
        return 200 if is_good else 401


class OpenApi(Api):
    """Takes every call and loses no time: where the library's own work is measured."""

    def answer(self, authorization: str) -> int:  # noqa: ARG002 - the same signature
        """Return 200."""
        return 200

    async def aanswer(self, authorization: str) -> int:  # noqa: ARG002 - the same signature
        """Return 200."""
        return 200


@dataclass(frozen=True)
class Given:
    """What a client is set up with; the file has the secret, for those who can read it."""

    token_url: str
    api: Api
    secret_file: Path | None = None


@dataclass(frozen=True)
class Subject:
    """A client: how it is set up, what it is measured against, how early it renews a token.

    `http` is the library that carries its calls. `leeway` is in seconds before the token's end;
    None stands for a fifth of the lifetime, which is what Gatepass does with short ones.
    """

    name: str
    http: str
    call: Callable[[Given], Call]
    plain: Callable[[Given], Call]
    leeway: float | None
    is_async: bool = False
    has_days: bool = True  # else its overhead alone is measured: it has the source of another one

    @property
    def is_peer(self) -> bool:
        """Return whether it is somebody else's, and in the peers' environment."""
        return not self.name.startswith("Gatepass")

    def lifetime(self, renewed_after: float) -> int:
        """Return the lifetime of a token that it renews so many seconds after it came."""
        early = renewed_after / 4 if self.leeway is None else self.leeway
        return int(renewed_after + early)


# Transports -----------------------------------------------------------------------------------


def _httpx(name: str, given: Given, *, is_async: bool, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the arguments of a client of httpx or httpx2: the API at hand, the rest for real."""
    module = importlib.import_module(name)

    def handle(request: Any) -> Any:  # noqa: ANN401
        return module.Response(given.api.answer(request.headers.get("authorization", "")))

    async def ahandle(request: Any) -> Any:  # noqa: ANN401
        return module.Response(await given.api.aanswer(request.headers.get("authorization", "")))

    at_once = module.MockTransport(ahandle if is_async else handle)
    return {"mounts": {API: at_once}, "trust_env": False, **more}


def _httpx_call(name: str, given: Given, *, is_async: bool, **more: Any) -> Call:  # noqa: ANN401
    module = importlib.import_module(name)
    arguments = _httpx(name, given, is_async=is_async, **more)
    if is_async:
        return _agetting(module.AsyncClient(**arguments))
    return _getting(module.Client(**arguments))


def _getting(client: Any) -> Callable[[], int]:  # noqa: ANN401
    def call() -> int:
        return int(client.get(API).status_code)

    return call


def _agetting(client: Any) -> Callable[[], Awaitable[int]]:  # noqa: ANN401
    async def call() -> int:
        return int((await client.get(API)).status_code)

    return call


def _at_hand(session: Any, api: Api) -> Any:  # noqa: ANN401
    """Return a session of requests whose calls to the API are answered at once.

    It does not look for a .netrc either, which requests does where no auth is given: the plain
    session would be measured slower for it than the one with tokens.
    """
    from requests import PreparedRequest, Response
    from urllib3 import HTTPResponse

    class AtHand:
        def send(self, request: PreparedRequest, **_settings: Any) -> Response:  # noqa: ANN401
            response = Response()
            # As its own adapter does, for those who send a request again.
            response.connection = self  # type: ignore[assignment]
            response.raw = HTTPResponse(b"", preload_content=False)
            response.status_code = api.answer(request.headers.get("Authorization", ""))
            response.request, response.url = request, request.url or ""
            response._content = b""  # noqa: SLF001 - the same
            return response

        def close(self) -> None: ...

    session.mount(API, AtHand())
    session.trust_env = False
    return session


def _plain_requests(given: Given) -> Call:
    import requests

    return _getting(_at_hand(requests.Session(), given.api))


# Gatepass -------------------------------------------------------------------------------------


def _gatepass_source(given: Given) -> Any:  # noqa: ANN401
    from gatepass.client.secrets.file import FromFile
    from gatepass.client.settings import ClientSettings
    from gatepass.client.tokens.source import TokenSource

    secret = SECRET if given.secret_file is None else FromFile(given.secret_file)
    return TokenSource(ClientSettings(given.token_url, CLIENT_ID, secret))


def _gatepass_auth(http: str, given: Given) -> Any:  # noqa: ANN401
    adapter = importlib.import_module(f"gatepass.client.{http}")
    return adapter.BearerAuth.sharing(_gatepass_source(given))


def _gatepass_httpx(http: str, given: Given, *, is_async: bool) -> Call:
    return _httpx_call(http, given, is_async=is_async, auth=_gatepass_auth(http, given))


def _gatepass_requests(given: Given) -> Call:
    import requests

    session = _at_hand(requests.Session(), given.api)
    session.auth = _gatepass_auth("requests", given)
    return _getting(session)


# aiohttp has no transport to put in the place of its own, so its middleware is called as aiohttp
# calls it, with what it looks at of a request and of an answer.

_AIOHTTP_API = "https://api.test"


def _gatepass_aiohttp(given: Given) -> Call:
    from multidict import CIMultiDict
    from yarl import URL

    auth = _gatepass_auth("aiohttp", given).to(_AIOHTTP_API)
    request = SimpleNamespace(url=URL(_AIOHTTP_API), headers=CIMultiDict[str](), body=b"")

    async def handler(_request: object) -> SimpleNamespace:
        return SimpleNamespace(status=200)

    async def call() -> int:
        return int((await auth(request, handler)).status)

    return call


def _plain_aiohttp(_given: Given) -> Call:
    async def call() -> int:
        return int(SimpleNamespace(status=200).status)

    return call


# Authlib --------------------------------------------------------------------------------------
# grant_type and token_endpoint are given, so that it renews by itself; leeway is 60 seconds. It
# raises MissingTokenError until fetch_token was called, which is left to the caller: whoever finds
# no token calls it. (Called once before there are callers, it is one request.)


def _authlib_settings(given: Given) -> dict[str, Any]:
    return {
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "token_endpoint": given.token_url,
        "grant_type": "client_credentials",
    }


def _fetching_first(client: Any) -> Callable[[], int]:  # noqa: ANN401
    get = _getting(client)

    def call() -> int:
        if not client.token:
            client.fetch_token()
        return get()

    return call


def _authlib_requests(given: Given) -> Call:
    from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]

    return _fetching_first(_at_hand(OAuth2Session(**_authlib_settings(given)), given.api))


def _authlib_httpx2(given: Given) -> Call:
    from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]

    settings = _authlib_settings(given)
    return _fetching_first(OAuth2Client(**_httpx("httpx2", given, is_async=False, **settings)))


def _authlib_async(given: Given) -> Call:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    settings = _authlib_settings(given)
    client = AsyncOAuth2Client(**_httpx("httpx2", given, is_async=True, **settings))
    get = _agetting(client)

    async def call() -> int:
        if not client.token:
            await client.fetch_token()
        return await get()

    return call


# requests-oauthlib ----------------------------------------------------------------------------
# BackendApplicationClient and fetch_token with HTTPBasicAuth. It does not renew tokens of client
# credentials; what its documentation has is to catch TokenExpiredError and get another one. It
# sends the request without a token where there is none, so the first one is fetched as above.


def _requests_oauthlib(given: Given) -> Call:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the stand-in is on loopback
    from oauthlib.oauth2 import BackendApplicationClient, TokenExpiredError  # type: ignore[import-untyped]
    from requests.auth import HTTPBasicAuth
    from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]

    session = OAuth2Session(client=BackendApplicationClient(client_id=CLIENT_ID))
    basic = HTTPBasicAuth(CLIENT_ID, SECRET)
    get = _getting(_at_hand(session, given.api))

    def fetch() -> None:
        session.fetch_token(token_url=given.token_url, auth=basic)

    def call() -> int:
        if not session.token:
            fetch()
        try:
            return get()
        except TokenExpiredError:
            fetch()
            return get()

    return call


# httpx-auth -----------------------------------------------------------------------------------
# OAuth2ClientCredentials as it comes: early_expiry is 30 seconds, and the token request is made by
# a client of its own. With AsyncClient that blocks the event loop.


def _httpx_auth(given: Given, *, is_async: bool) -> Call:
    from httpx_auth import OAuth2ClientCredentials

    auth = OAuth2ClientCredentials(given.token_url, client_id=CLIENT_ID, client_secret=SECRET)
    return _httpx_call("httpx", given, is_async=is_async, auth=auth)


# requests_oauth2client ------------------------------------------------------------------------
# OAuth2ClientCredentialsAuth on a session; leeway is 20 seconds. `testing` allows the plain http of
# the stand-in and nothing else.


def _requests_oauth2client(given: Given) -> Call:
    import requests
    from requests_oauth2client import OAuth2Client, OAuth2ClientCredentialsAuth

    client = OAuth2Client(given.token_url, client_id=CLIENT_ID, client_secret=SECRET, testing=True)
    session = _at_hand(requests.Session(), given.api)
    session.auth = OAuth2ClientCredentialsAuth(client)
    return _getting(session)


# All of them ----------------------------------------------------------------------------------


def _threads(build: Callable[..., Call], *before: str) -> Callable[[Given], Call]:
    return lambda given: build(*before, given, is_async=False)


def _tasks(build: Callable[..., Call], *before: str) -> Callable[[Given], Call]:
    return lambda given: build(*before, given, is_async=True)


_HTTPX2, _AHTTPX2 = _threads(_httpx_call, "httpx2"), _tasks(_httpx_call, "httpx2")
_HTTPX, _AHTTPX = _threads(_httpx_call, "httpx"), _tasks(_httpx_call, "httpx")

_OURS = (
    Subject("Gatepass, httpx2", "httpx2", _threads(_gatepass_httpx, "httpx2"), _HTTPX2, None),
    Subject(
        "Gatepass, httpx2 async",
        "httpx2, async",
        _tasks(_gatepass_httpx, "httpx2"),
        _AHTTPX2,
        None,
        is_async=True,
    ),
    Subject(
        "Gatepass, httpx",
        "httpx",
        _threads(_gatepass_httpx, "httpx"),
        _HTTPX,
        None,
    ),
    Subject(
        "Gatepass, httpx async",
        "httpx, async",
        _tasks(_gatepass_httpx, "httpx"),
        _AHTTPX,
        None,
        is_async=True,
        has_days=False,
    ),
    Subject(
        "Gatepass, requests",
        "requests",
        _gatepass_requests,
        _plain_requests,
        None,
    ),
    Subject(
        "Gatepass, aiohttp",
        "aiohttp",
        _gatepass_aiohttp,
        _plain_aiohttp,
        None,
        is_async=True,
        has_days=False,
    ),
)
_PEERS = (
    Subject("Authlib, requests", "requests", _authlib_requests, _plain_requests, 60),
    Subject("Authlib, httpx2", "httpx2", _authlib_httpx2, _HTTPX2, 60),
    Subject("Authlib, httpx2 async", "httpx2, async", _authlib_async, _AHTTPX2, 60, is_async=True),
    Subject("requests-oauthlib, requests", "requests", _requests_oauthlib, _plain_requests, 0),
    Subject("httpx-auth, httpx", "httpx", _threads(_httpx_auth), _HTTPX, 30),
    Subject(
        "httpx-auth, httpx async", "httpx, async", _tasks(_httpx_auth), _AHTTPX, 30, is_async=True
    ),
    Subject(
        "requests_oauth2client, requests", "requests", _requests_oauth2client, _plain_requests, 20
    ),
)
SUBJECTS = (*_OURS, *_PEERS)
