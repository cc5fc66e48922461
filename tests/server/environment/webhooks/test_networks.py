"""Networks that are not public: of the operator's endpoints, and of those of organizations."""

from pathlib import Path

import pytest

from client.tls_server import issue, serving_context
from gatepass.loopback import LoopbackServer
from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.environment.webhooks.request import Sender
from gatepass.wire.errors import OAuthError
from server.environment.webhooks.receiver import LOOPBACK, Hooks, Receiver, hooked
from server.fixtures import open_passive_server


@pytest.mark.parametrize(
    ("of_operator", "of_organizations", "operator_gets", "organization_gets"),
    [
        (LOOPBACK, (), "delivered", "waiting"),
        ((), LOOPBACK, "waiting", "delivered"),
        (LOOPBACK, LOOPBACK, "delivered", "delivered"),
    ],
)
def test_what_the_operators_endpoints_may_reach_is_not_for_those_of_organizations(
    tmp_path: Path,
    of_operator: tuple[str, ...],
    of_organizations: tuple[str, ...],
    operator_gets: str,
    organization_gets: str,
) -> None:
    authority, receiver = issue("throwaway authority"), Receiver()
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    tls = serving_context(tmp_path, issue("receiver", authority, "hooks.example"))
    given = {"organization_networks": of_organizations, "ca_file": tmp_path / "ca.pem"}
    with (
        LoopbackServer(receiver.respond, tls) as server,
        hooked(tmp_path / "split", of_operator, **given) as hooks,
    ):
        org_id = hooks.server.organization()
        sender = Sender(hooks.settings, lambda _host, _port: ["127.0.0.1"])
        url = server.url.replace("127.0.0.1", "hooks.example")
        owners = {None: operator_gets, org_id: organization_gets}
        added = {owner: hooks.add(url, owner) for owner in owners}
        hooks.emit("organization.suspended", org_id)
        hooks.another(sender).deliver_and_wait()
        found = {owner: hooks.sent(each)[0] for owner, each in added.items()}

    assert {owner: each.state for owner, each in found.items()} == owners
    assert len(receiver.received) == list(owners.values()).count("delivered")
    assert {each.error for each in found.values() if each.state == "waiting"} <= {
        "not a public address"
    }


def test_a_setting_of_the_version_before_is_still_the_operators(
    receiver: Receiver, tmp_path: Path
) -> None:
    with open_passive_server(tmp_path / "data", webhooks={"allowed_networks": LOOPBACK}) as server:
        hooks = Hooks(server, WebhookSettings(allowed_networks=LOOPBACK))
        added = hooks.add(receiver.url)
        hooks.emit()
        hooks.deliver()

        assert [each.state for each in hooks.sent(added)] == ["delivered"]
        with pytest.raises(OAuthError, match="https"):
            hooks.add(receiver.url, server.organization())
