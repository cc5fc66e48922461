"""Whatever is sent, and wherever a secret stands in it: the log does not repeat it."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from gatepass.wire import metadata
from gatepass.wire.credential import Kind, Mode, mint
from server_process import Server, serving
from stories.partners.portal import PASSWORD, Portal

_WRONG = "wrong horse battery staple"


@pytest.fixture
def logging_server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", variables={"GATEPASS_ACCESS_LOG": "true"}) as server:
        yield server


def test_no_secret_token_or_password_stands_in_the_log_or_in_what_was_printed(
    logging_server: Server,
) -> None:
    organization = logging_server.create_organization()
    client_id, secret, _ = logging_server.create_application(organization.org_id)
    token = logging_server.ask_token(client_id, secret).body["access_token"]
    strange = mint(Kind.CLIENT_SECRET, Mode.TEST, bytes(range(32)))
    known = [secret, token, strange]
    for each in known:
        _send_everywhere(logging_server, each, client_id)
    with Portal(logging_server) as portal:
        portal.log_in(organization.username, _WRONG)
        portal.begin(organization)
        app_id = portal.register("Billing")
        known.append(portal.copy(app_id).client_secret)
        known += portal.http.cookies.values()
    assert logging_server.stop() == 0

    written = logging_server.log() + logging_server.out()
    known += [PASSWORD, _WRONG, organization.initial_password]
    for text in known:
        assert text not in written
        assert quote(text, safe="") not in written
        assert text[9:25] not in written  # nor a part of it
    assert "client.refused" in written
    assert "request.served" in written


def _send_everywhere(server: Server, text: str, client_id: str) -> None:
    """Put a secret wherever a confused or hostile client may put it."""
    token, revoke, introspect = (
        f"/oauth2/{name}/" for name in ("token", "revoke_token", "introspect")
    )
    login, applications, api = "/accounts/login/", "/oauth2/applications/", metadata.PARTNER_API
    grant = {"grant_type": "client_credentials"}
    for path in (token, revoke, introspect, login, applications, api, "/"):
        server.ask("POST", f"{path}?token={text}&client_secret={text}", data=grant)
        server.ask("GET", f"{path}{text}", headers={"Authorization": f"Bearer {text}"})
        server.ask("GET", path, headers={"Authorization": text, "Cookie": f"session={text}"})
        server.ask("GET", path, headers={"User-Agent": text, "Referer": f"http://x/{text}"})
        server.ask("POST", path, data={"token": text, "password": text, "username": text})
        server.ask("POST", path, json={"grant_type": text, "client_id": text, "scope": text})
        server.ask("POST", path, content=text.encode() * 2000)
    for user, password in ((text, text), (client_id, text), (client_id, text + "x")):
        server.ask("POST", token, auth=(user, password), data={**grant, "scope": text})
        server.ask("POST", token, data={**grant, "client_id": user, "client_secret": password})
        server.ask("POST", introspect, auth=(user, password), data={"token": text})
    server.ask("GET", "/", headers={"Host": text})
