"""The guard in front of a real FastAPI application, asking a real server over real HTTP."""

import json
import re
from collections.abc import Iterator
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Security
from starlette.requests import Request

from gatepass.guard.fastapi import Guard, Principal, any_of
from guard.fake_issuer import CLIENT_ID, CLIENT_SECRET, FakeAuthorizationServer
from guard.http_server import serving, unused_address

RESOURCE = "https://api.example.com"
METADATA = "https://api.example.com/.well-known/oauth-protected-resource"
TOKEN = "gpa_live_t0ken"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PROBLEM = "application/problem+json"


def application(guard: Guard) -> FastAPI:
    """Return an API as its engineer would write it."""
    app = FastAPI()
    router = APIRouter(dependencies=[guard.requires("write")])

    @app.get("/meters")
    def meters(caller: Annotated[Principal, guard.requires("read")]) -> dict[str, object]:
        return {"client_id": caller.client_id, "org_id": caller.org_id}

    @app.get("/async")
    async def in_the_loop(caller: Annotated[Principal, guard.requires()]) -> str:
        return caller.sub

    @app.get("/admin")
    def admin(caller: Annotated[Principal, guard.requires("read", "admin")]) -> str:
        return caller.sub

    @router.post("/readings")
    async def readings(
        request: Request, caller: Annotated[Principal, guard.requires("read")]
    ) -> list[str]:
        return [caller.sub, (await request.body()).decode()]

    app.include_router(router)
    return app


@pytest.fixture
def guard(server: FakeAuthorizationServer) -> Iterator[Guard]:
    with Guard(
        issuer=server.issuer,
        resource=RESOURCE,
        resource_metadata=METADATA,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
    ) as made:
        yield made


@pytest.fixture
def api(guard: Guard) -> Iterator[httpx2.Client]:
    with serving(application(guard)) as address, httpx2.Client(base_url=address) as client:
        yield client


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER    "])
def test_a_good_token_lets_the_caller_through_and_says_who_it_is(
    server: FakeAuthorizationServer, api: httpx2.Client, scheme: str
) -> None:
    server.knows(TOKEN)

    answer = api.get("/meters", headers={"Authorization": scheme + TOKEN})

    assert answer.status_code == 200
    assert answer.json() == {
        "client_id": "acme-billing",
        "org_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    }


def test_endpoints_of_both_colours_share_one_introspection(
    server: FakeAuthorizationServer, api: httpx2.Client
) -> None:
    server.knows(TOKEN)

    statuses = [api.get(path, headers=BEARER).status_code for path in ("/async", "/meters")]

    assert statuses == [200, 200]
    assert server.asked[TOKEN] == 1


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}])
def test_without_credentials_the_challenge_has_no_error_code(
    api: httpx2.Client, headers: dict[str, str]
) -> None:
    answer = api.get("/meters", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer resource_metadata="{METADATA}"'
    assert "error" not in answer.json()


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize(
    "changed",
    [
        {"active": False},
        {"exp": 1},
        {"exp": "9999999999"},
        {"iss": "https://sandbox-app.example.com"},
        {"aud": "https://other.example.com"},
        {"aud": {"https://api.example.com": True}},
        {"scope": ["read"]},
        {"token_type": "DPoP"},
    ],
    ids=str,
)
def test_an_expired_revoked_or_foreign_token_is_invalid(
    server: FakeAuthorizationServer, api: httpx2.Client, changed: dict[str, object]
) -> None:
    server.message(TOKEN, server.claims() | changed)

    answer = api.get("/meters", headers=BEARER)

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert f'resource_metadata="{METADATA}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("credentials", ["Bearer", "Bearer a b", "Bearer \xff", "Bearer unknown"])
def test_a_malformed_or_unknown_token_is_invalid(api: httpx2.Client, credentials: str) -> None:
    answer = api.get("/meters", headers=[(b"Authorization", credentials.encode("latin-1"))])

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_missing_scope_is_forbidden_and_the_challenge_says_what_is_needed(
    server: FakeAuthorizationServer, api: httpx2.Client
) -> None:
    server.knows(TOKEN, scope="read")

    answer = api.get("/admin", headers=BEARER)

    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="read admin"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(("scope", "status"), [("read", 403), ("write", 403), ("read write", 200)])
def test_a_routers_scope_and_its_endpoints_are_both_needed(
    server: FakeAuthorizationServer, api: httpx2.Client, scope: str, status: int
) -> None:
    server.knows(TOKEN, scope=scope)

    assert api.post("/readings", headers=BEARER).status_code == status


@pytest.mark.spec("OAuth 2.1", "5.1")
@pytest.mark.parametrize("headers", [{}, BEARER])
def test_a_token_in_the_query_never_authenticates(
    server: FakeAuthorizationServer, api: httpx2.Client, headers: dict[str, str]
) -> None:
    server.knows(TOKEN)

    answer = api.get("/meters", params={"access_token": TOKEN}, headers=headers)

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]
    assert "Authorization header" in answer.json()["detail"]
    assert server.asked.total() == 0


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.parametrize("headers", [{}, BEARER])
def test_a_token_in_a_form_never_authenticates(
    server: FakeAuthorizationServer, api: httpx2.Client, headers: dict[str, str]
) -> None:
    server.knows(TOKEN)

    answer = api.post("/readings", data={"access_token": TOKEN}, headers=headers)

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


@pytest.mark.spec("RFC 6750", "2")
def test_two_authorization_headers_are_an_invalid_request(
    server: FakeAuthorizationServer, api: httpx2.Client
) -> None:
    server.knows(TOKEN)

    answer = api.get("/meters", headers=[*BEARER.items(), *BEARER.items()])

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("length", [10, 100_000])
def test_an_endpoint_still_reads_a_form_that_the_guard_has_looked_at(
    server: FakeAuthorizationServer, api: httpx2.Client, length: int
) -> None:
    server.knows(TOKEN)
    form = "a=" + "b" * length
    headers = BEARER | {"Content-Type": "application/x-www-form-urlencoded"}

    answer = api.post("/readings", content=form, headers=headers)

    assert answer.json() == ["acme-billing", form]


@pytest.mark.spec("ASVS", "16.5.2")
def test_while_the_authorization_server_fails_nobody_gets_through(
    server: FakeAuthorizationServer, api: httpx2.Client
) -> None:
    server.sends(TOKEN, json.dumps(server.claims()).encode(), status=500)

    answer = api.get("/meters", headers=BEARER)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Content-Type"] == PROBLEM


@pytest.mark.spec("ASVS", "16.5.2")
def test_while_the_authorization_server_is_away_nobody_gets_through() -> None:
    with (
        Guard(unused_address(), client_id=CLIENT_ID, client_secret=CLIENT_SECRET) as guard,
        serving(application(guard)) as address,
    ):
        assert httpx2.get(address + "/meters", headers=BEARER).status_code == 503


def test_a_refusal_is_a_problem_that_no_cache_keeps(api: httpx2.Client) -> None:
    answer = api.get("/meters")

    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["Cache-Control"] == "no-store"
    assert list(answer.json()) == ["detail"]


@pytest.mark.spec("RFC 9457", "3.1")
def test_with_problems_set_up_a_refusal_has_every_member(
    server: FakeAuthorizationServer, guard: Guard
) -> None:
    app = application(guard)
    guard.problems(app)
    server.knows(TOKEN, scope="read")

    with serving(app) as address:
        answer = httpx2.get(address + "/admin", headers=BEARER)

    assert (answer.status_code, answer.headers["Content-Type"]) == (403, PROBLEM)
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "This needs the scope read admin; the access token lacks admin.",
    }


HOSTILE = [
    b"Bearer " + b"A" * 60_000,
    b"Bearer " + b"=" * 1000,
    b"Bearer \x80\x81\xfe\xff",
    b'Bearer "injected", realm="x"',
    b"Bearer ..\\..\\",
    b"Bearer a\tb",
    b"Bearer,",
    b",",
    b"Bearer Bearer Bearer",
    b"Negotiate abc",
    b"bEaReR -",
    b"Bearer %00",
    b"Bearer ../../oauth2/token/",
    b"Bearer null",
]


@pytest.mark.spec("RFC 6750", "3")
@pytest.mark.parametrize("header", HOSTILE, ids=lambda header: repr(header[:24]))
def test_a_hostile_header_is_refused_with_a_well_formed_challenge(
    api: httpx2.Client, header: bytes
) -> None:
    answer = api.get("/meters", headers=[(b"Authorization", header)])

    assert answer.status_code in {400, 401}
    parameter = r'\w+="(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\.)*"'
    challenge = answer.headers["WWW-Authenticate"]
    assert re.fullmatch(rf"Bearer {parameter}(?:, {parameter})*", challenge)


@pytest.mark.spec("RFC 9700", "4.9.3")
def test_no_token_is_ever_logged_or_answered(
    server: FakeAuthorizationServer, api: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="gatepass")
    server.knows(TOKEN, scope="")

    bodies = [
        api.get("/meters", headers=BEARER).text,
        api.get("/meters", headers={"Authorization": f"Bearer {TOKEN} {TOKEN}"}).text,
        api.get("/meters", headers={"Authorization": f"Bearer {TOKEN}x"}).text,
        api.get(f"/meters?access_token={TOKEN}").text,
        api.post("/readings", data={"access_token": TOKEN}).text,
    ]

    assert caplog.text.count("refused:") == 5
    for hidden in (TOKEN, CLIENT_SECRET):
        assert hidden not in caplog.text + "".join(bodies)


def test_each_refusal_is_logged_with_its_reason(
    server: FakeAuthorizationServer, api: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="gatepass.guard")
    server.knows("narrow", scope="")
    server.knows("foreign", iss="https://elsewhere.example.com")
    server.sends("broken", b"", status=502)

    api.get("/meters")
    for token in ("narrow", "foreign", "broken", "unknown"):
        api.get("/meters", headers={"Authorization": f"Bearer {token}"})

    logged = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "gatepass.guard"
    ]
    assert logged == [
        ("INFO", "refused: no credentials"),
        ("INFO", "refused: insufficient_scope (client 'acme-billing' lacks read)"),
        ("INFO", "refused: invalid_token (of another issuer)"),
        ("WARNING", "introspection answered 502"),
        ("WARNING", "refused: temporarily_unavailable (no introspection answer)"),
        ("INFO", "refused: invalid_token (not active)"),
    ]


@pytest.fixture
def helped(server: FakeAuthorizationServer, guard: Guard) -> Iterator[httpx2.Client]:
    """Return an API that uses each helper."""
    app = FastAPI()

    @app.api_route("/readings", methods=["GET", "POST"], include_in_schema=False)
    def readings(
        caller: Annotated[Principal, guard.requires({"GET": any_of("read", "all"), "*": "write"})],
    ) -> str:
        return caller.sub

    @app.get("/org/{org_id}")
    def organization(
        org_id: str, caller: Annotated[Principal, guard.requires("read", organization="org_id")]
    ) -> str:
        return f"{org_id} {caller.sub}"

    server.knows(TOKEN, scope="read", org_id="mine")
    with serving(app) as address, httpx2.Client(base_url=address, headers=BEARER) as client:
        yield client


def test_each_method_has_its_scopes_and_anothers_organization_is_not_found(
    helped: httpx2.Client,
) -> None:
    get, post = helped.get("/readings"), helped.post("/readings")
    own, other = helped.get("/org/mine"), helped.get("/org/other")

    statuses = [answer.status_code for answer in (get, post, own, other)]
    assert statuses == [200, 403, 200, 404]
    assert 'scope="write"' in post.headers["WWW-Authenticate"]
    assert "WWW-Authenticate" not in other.headers
    document = helped.get("/openapi.json").json()
    assert document["paths"]["/org/{org_id}"]["get"]["security"] == [{"Gatepass": ["read"]}]
    [scheme] = document["components"]["securitySchemes"].values()
    assert set(scheme["flows"]["clientCredentials"]["scopes"]) == {"read", "all", "write"}


@pytest.mark.parametrize(
    ("granted", "path", "status"),
    [
        ("read admin", "/org/mine", 200),
        ("read", "/org/mine", 403),
        ("read admin", "/org/other", 404),
        ("admin", "/org/mine", 200),
        ("write", "/org/mine", 403),
        ("write", "/org/other", 403),
    ],
)
def test_scopes_that_stand_above_whatever_a_dependency_needs_are_needed_too(
    server: FakeAuthorizationServer, guard: Guard, granted: str, path: str, status: int
) -> None:
    requirements = guard.requires(any_of("read", "admin"), organization="org_id")
    app = FastAPI()

    def member(caller: Annotated[Principal, requirements]) -> Principal:
        return caller

    @app.get("/org/{org_id}")
    def organization(
        org_id: str, caller: Annotated[Principal, Security(member, scopes=["admin"])]
    ) -> str:
        return f"{org_id} {caller.sub}"

    server.knows(TOKEN, scope=granted, org_id="mine")
    with serving(app) as address:
        answer = httpx2.get(address + path, headers=BEARER)

    assert answer.status_code == status
    assert set(app.openapi()["paths"]["/org/{org_id}"]["get"]["security"][0]["Gatepass"]) == {
        "read",
        "admin",
    }


def test_openapi_says_how_to_get_a_token_and_which_scope_each_call_needs(
    server: FakeAuthorizationServer, guard: Guard
) -> None:
    document = application(guard).openapi()

    assert document["components"]["securitySchemes"] == {
        "Gatepass": {
            "type": "oauth2",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": server.issuer + "/oauth2/token/",
                    "scopes": {"write": "", "read": "", "admin": ""},
                }
            },
        }
    }
    security = {path: next(iter(calls.values())) for path, calls in document["paths"].items()}
    assert security["/meters"]["security"] == [{"Gatepass": ["read"]}]
    assert security["/async"]["security"] == [{"Gatepass": []}]
    assert security["/admin"]["security"] == [{"Gatepass": ["read", "admin"]}]
    assert set(security["/readings"]["security"][0]["Gatepass"]) == {"read", "write"}
