"""The metadata of an API (RFC 9728), served in front of any ASGI or WSGI application."""

import asyncio

import httpx2
import pytest
from starlette.applications import Starlette

from gatepass.guard import Guard, asgi, wsgi
from gatepass.guard.core.options import Options

ISSUER, RESOURCE = "https://login.example.com", "https://api.example.com/v2"
ADDRESS = "https://api.example.com/.well-known/oauth-protected-resource/v2"
SCOPES = ("meters:read", "meters:write")


def _unused(_environ: object, start_response: object) -> list[bytes]:
    start_response("204 No Content", [])  # type: ignore[operator]
    return []


def _client(kind: str, guard: Guard) -> httpx2.AsyncClient | httpx2.Client:
    if kind == "wsgi":
        served = wsgi.MetadataMiddleware(wsgi.Protected(_unused, guard), guard, SCOPES)
        return httpx2.Client(transport=httpx2.WSGITransport(served))
    protected = asgi.Protected(Starlette(), guard)
    served_too = asgi.MetadataMiddleware(protected, guard, SCOPES)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(served_too))


async def _ask(kind: str, guard: Guard, method: str, url: str) -> httpx2.Response:
    client = _client(kind, guard)
    if isinstance(client, httpx2.Client):
        with client:
            return client.request(method, url)
    async with client:
        return await client.request(method, url)


def ask(kind: str, guard: Guard, method: str = "GET", url: str = ADDRESS) -> httpx2.Response:
    return asyncio.run(_ask(kind, guard, method, url))


@pytest.fixture
def guard() -> Guard:
    return Guard(ISSUER, resource=RESOURCE)


@pytest.mark.spec("RFC 9728", "3")
@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_the_document_is_served_without_a_token_where_challenges_say(
    kind: str, guard: Guard
) -> None:
    refused = ask(kind, guard, url=f"{RESOURCE}/meters")
    answer = ask(kind, guard)

    assert f'resource_metadata="{ADDRESS}"' in refused.headers["www-authenticate"]
    assert (refused.status_code, answer.status_code) == (401, 200)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json() == guard.metadata(*SCOPES)


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_head_has_no_body_and_other_methods_are_the_applications(kind: str, guard: Guard) -> None:
    head = ask(kind, guard, "HEAD")

    assert (head.status_code, head.content) == (200, b"")
    assert ask(kind, guard, "POST").status_code == 401


@pytest.mark.parametrize("make", [asgi.MetadataMiddleware, wsgi.MetadataMiddleware])
@pytest.mark.parametrize("options", [Options(), Options(resource=RESOURCE, resource_metadata="")])
def test_a_guard_that_names_no_metadata_has_none_to_serve(make: type, options: Options) -> None:
    given = Options(client_id="id", client_secret="secret")
    given.update(options)

    with pytest.raises(ValueError, match="resource"):
        make(None, Guard(ISSUER, **given))
