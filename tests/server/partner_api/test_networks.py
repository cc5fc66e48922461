"""The Partner API lets a token of an application be used only from where its requests may come."""

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from server.fixtures import HERE, InProcessServer

ELSEWHERE = "198.51.100.9"


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize("tokens", ["opaque", "jwt"])
def test_a_token_is_refused_from_elsewhere_like_one_that_is_none(
    fresh_server: InProcessServer, tokens: str
) -> None:
    environment, client = fresh_server.environment(), fresh_server.register()
    catalogue.change_resource(
        environment.context, OPERATOR, environment.partner_api, {"tokens": tokens}
    )
    bearer = {"Authorization": f"Bearer {fresh_server.token(client)}"}
    where = f"/api/partners/v2.0/org/{client.application.org_id}"
    assert fresh_server.send("GET", where, headers=bearer, source=ELSEWHERE).status_code == 200

    networks = check_networks(f"{HERE}/32")
    applications.change(
        environment.context, OPERATOR, client.application.id, None, networks=networks
    )

    assert fresh_server.send("GET", where, headers=bearer).status_code == 200
    refused = fresh_server.send("GET", where, headers=bearer, source=ELSEWHERE)
    wrong = fresh_server.send(
        "GET", where, headers={"Authorization": "Bearer wrong"}, source=ELSEWHERE
    )
    assert refused.status_code == wrong.status_code == 401
    assert refused.headers["www-authenticate"] == wrong.headers["www-authenticate"]
    assert HERE not in refused.text


@pytest.mark.spec("RFC 7662", "2.2")
def test_introspection_tells_other_guards_the_networks(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    assert "allowed_networks" not in fresh_server.introspect(client, token).json()

    networks = check_networks(f"{HERE} 2001:db8::/32")
    applications.change(
        fresh_server.environment().context, OPERATOR, client.application.id, None, networks=networks
    )

    told = fresh_server.introspect(client, token).json()
    assert told["allowed_networks"] == [f"{HERE}/32", "2001:db8::/32"]
