"""The three parts together: our client, our server as a process, our guard in front of an API."""

import asyncio
from collections.abc import Iterator
from typing import Annotated
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import gatepass
from gatepass.guard.fastapi import Guard, Principal
from server_process import Credentials, Organization, Server


@pytest.fixture
def acme(server: Server) -> Organization:
    return server.create_organization("Acme Energy", f"anna.{uuid4().hex[:8]}", "sandbox")


@pytest.fixture
def partner(server: Server, acme: Organization) -> Credentials:
    return server.create_application(acme.org_id, "Billing", "sandbox")


@pytest.fixture
def meters(server: Server, acme: Organization) -> Iterator[TestClient]:
    """An API of the operator's own, which asks the server about every token anew."""
    own = server.create_application(acme.org_id, "Meters", "sandbox", scope="introspection")
    guard = Guard(
        issuer=server.url("sandbox"),
        client_id=own.client_id,
        client_secret=own.client_secret,
        cache_seconds=0,
    )
    app = FastAPI()

    @app.get("/meters")
    def read(caller: Annotated[Principal, guard.requires("read")]) -> dict[str, str | None]:
        return {"client_id": caller.client_id, "org_id": caller.org_id}

    with guard, TestClient(app) as api:
        yield api


def token(server: Server, partner: Credentials, **form: str) -> str:
    answer = server.ask_token(partner.client_id, partner.client_secret, "sandbox", **form)
    text: str = answer.body["access_token"]
    return text


def test_the_three_lines_of_the_readme_call_the_partner_api(
    server: Server, acme: Organization, partner: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPASS_TOKEN_URL", partner.token_url)
    monkeypatch.setenv("GATEPASS_CLIENT_ID", partner.client_id)
    monkeypatch.setenv("GATEPASS_CLIENT_SECRET", partner.client_secret)
    base = server.url("sandbox") + "/api/partners/v2.0"
    auth = gatepass.BearerAuth.from_env()

    with httpx2.Client(base_url=base, auth=auth, trust_env=False) as api:
        assert api.get(f"/org/{acme.org_id}/users").raise_for_status().json()["items"]

    async def also_async() -> int:
        async with httpx2.AsyncClient(base_url=base, auth=auth, trust_env=False) as api:
            return (await api.get(f"/org/{acme.org_id}")).status_code

    assert asyncio.run(also_async()) == 200


def test_the_client_gets_a_new_token_when_its_own_was_revoked(
    server: Server, acme: Organization, partner: Credentials
) -> None:
    auth = gatepass.BearerAuth(
        token_url=partner.token_url,
        client_id=partner.client_id,
        client_secret=partner.client_secret,
    )
    url = f"{server.url('sandbox')}/api/partners/v2.0/org/{acme.org_id}"
    with httpx2.Client(auth=auth, trust_env=False) as api:
        first = api.get(url).request.headers["authorization"]
        revoked = server.ask(
            "POST",
            "/oauth2/revoke_token/",
            "sandbox",
            auth=(partner.client_id, partner.client_secret),
            data={"token": first.removeprefix("Bearer ")},
        )
        again = api.get(url)

    assert revoked.status == again.status_code == 200
    assert again.request.headers["authorization"] != first


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_guard_elsewhere_lets_a_partner_through_until_the_token_is_revoked(
    server: Server, acme: Organization, partner: Credentials, meters: TestClient
) -> None:
    bearer = token(server, partner)
    headers = {"authorization": f"Bearer {bearer}"}

    before = meters.get("/meters", headers=headers)
    server.ask(
        "POST",
        "/oauth2/revoke_token/",
        "sandbox",
        auth=(partner.client_id, partner.client_secret),
        data={"token": bearer},
    )

    assert before.status_code == 200
    assert before.json() == {"client_id": partner.client_id, "org_id": acme.org_id}
    assert meters.get("/meters", headers=headers).status_code == 401


@pytest.mark.spec("RFC 6750", "3.1")
def test_a_guard_elsewhere_refuses_a_token_without_the_scope(
    server: Server, partner: Credentials, meters: TestClient
) -> None:
    bearer = token(server, partner, scope="write")

    refused = meters.get("/meters", headers={"authorization": f"Bearer {bearer}"})

    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
