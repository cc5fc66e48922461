"""Endpoints of webhooks: what they may be, who may change them, and which changes they hear of."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from certificates import of_days
from gatepass.jose.signing import SigningKey, generate
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations as client_keys
from gatepass.server.domain.applications.keys.certificates import operations as certificates
from gatepass.server.domain.applications.keys.methods.expiry import operations as expiry
from gatepass.server.domain.applications.model import OVERLAPS
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.audit.chain import operations as chain
from gatepass.server.domain.audit.model import OPERATOR, Actor
from gatepass.server.domain.changes.webhooks.events import EVENTS, ONE_CAN_WANT, TEST
from gatepass.server.domain.changes.webhooks.model import MOST_ENDPOINTS
from gatepass.server.domain.context import Context
from gatepass.server.domain.keys import operations as keys
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from gatepass.server.domain.organizations.webhooks.model import InvalidEndpoint
from gatepass.server.domain.users import operations as users
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError
from server.fixtures import Client, InProcessServer

URL = "https://partner.example/hook"
UNUSABLE_URLS = [
    "",
    "partner.example/hook",
    "ftp://partner.example/",
    "http://partner.example/",
    "http://localhost:8000/",
    "https://",
    "https:///hook",
    "https://anna:secret@partner.example/",
    "https://anna@partner.example/",
    "https://partner.example/#part",
    "https://partner.example\\@127.0.0.1/",
    "https://partner.example:22/",
    "https://partner.example:0/",
    "https://partner.example:80/",
    "https://partner.example:99999/",
    "https://localhost/",
    "https://a.localhost/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://0.0.0.0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "https://0x7f.1/",
    "https://127.1/",
    "https://10.0.0.1./",
    "https://bücher.example/",
    "https://partner.example/ hook",
    "https://partner.example/\r\nx-injected: 1",
    "https://partner.example/" + "a" * 2000,
]


def written(context: Context) -> list[str]:
    """Return the kinds of the events that wait, oldest first."""
    with context.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT name FROM webhook_event ORDER BY at, rowid")
        return [str(name) for (name,) in rows]


@pytest.fixture
def context(fresh_server: InProcessServer) -> Context:
    return fresh_server.environment().context


@pytest.mark.parametrize("url", UNUSABLE_URLS)
def test_a_url_that_nothing_is_sent_to_is_refused_when_it_is_added(
    server: InProcessServer, url: str
) -> None:
    context = server.environment().context

    with pytest.raises(InvalidEndpoint) as refused:
        operations.add(context, OPERATOR, None, url)

    assert refused.value.field == "url"


@pytest.mark.parametrize(
    "url",
    [
        "https://partner.example",
        "https://partner.example:443/a?b=c",
        "https://xn--bcher-kva.example:8443/",
        "https://93.184.216.34/",
        "https://[2606:4700::1111]:8443/",
        "https://1password.example/",
    ],
)
def test_public_https_urls_are_endpoints(context: Context, url: str) -> None:
    assert operations.add(context, OPERATOR, None, url).endpoint.url == url


def test_unknown_events_and_those_of_the_installation_are_refused_by_name(
    fresh_server: InProcessServer, context: Context
) -> None:
    org_id = fresh_server.organization()

    with pytest.raises(InvalidEndpoint, match=r"no event application\.painted"):
        operations.add(context, OPERATOR, None, URL, ["application.painted"])
    with pytest.raises(InvalidEndpoint, match=r"no event key\.rotated"):
        operations.add(context, OPERATOR, org_id, URL, ["key.rotated"])
    with pytest.raises(InvalidEndpoint, match=r"no event webhook\.test"):
        operations.add(context, OPERATOR, None, URL, [TEST])


def test_an_owner_has_a_limited_number_of_endpoints(
    fresh_server: InProcessServer, context: Context
) -> None:
    org_id = fresh_server.organization()
    for _ in range(MOST_ENDPOINTS):
        operations.add(context, OPERATOR, org_id, URL)

    with pytest.raises(OAuthError, match="endpoints already"):
        operations.add(context, OPERATOR, org_id, URL)

    other = fresh_server.organization()
    assert operations.add(context, OPERATOR, other, URL).endpoint.org_id == other


def test_an_endpoint_of_no_organization_that_there_is_is_not_added(context: Context) -> None:
    with pytest.raises(NotFoundError):
        operations.add(context, OPERATOR, uuid4(), URL)


CHANGES: dict[str, Callable[[Context, Actor, object, object], object]] = {
    "find": lambda context, _by, its, org_id: operations.find(context, its, org_id),  # type: ignore[arg-type]
    "change": lambda context, by, its, org_id: operations.change(
        context,
        by,
        its,  # type: ignore[arg-type]
        org_id,  # type: ignore[arg-type]
        description="mine",
    ),
    "rotate": operations.rotate_secret,  # type: ignore[dict-item]
    "disable": lambda context, by, its, org_id: operations.set_enabled(
        context,
        by,
        its,  # type: ignore[arg-type]
        org_id,  # type: ignore[arg-type]
        enabled=False,
    ),
    "test": deliveries.send_test,  # type: ignore[dict-item]
    "send again": deliveries.send_again,  # type: ignore[dict-item]
    "list": lambda context, _by, its, org_id: deliveries.listed(context, its, org_id),  # type: ignore[arg-type]
    "remove": operations.remove,  # type: ignore[dict-item]
}


@pytest.mark.parametrize("does", CHANGES)
def test_an_organization_reaches_no_endpoint_of_another_one_or_of_the_operator(
    fresh_server: InProcessServer, context: Context, does: str
) -> None:
    acme, bolt = fresh_server.organization(), fresh_server.organization()
    theirs = operations.add(context, OPERATOR, bolt, URL).endpoint
    operators = operations.add(context, OPERATOR, None, URL).endpoint

    for each in (theirs, operators):
        with pytest.raises(NotFoundError):
            CHANGES[does](context, Actor("anna", org_id=acme), each.id, acme)

    assert CHANGES[does](context, OPERATOR, theirs.id, bolt) is not NotFoundError


def test_every_change_leaves_an_audit_entry_that_names_the_host_alone(context: Context) -> None:
    url = "https://partner.example/hook?token=very-secret"
    its = operations.add(context, OPERATOR, None, url).endpoint.id
    operations.change(context, OPERATOR, its, None, events=["secret.leaked"], description="Billing")
    operations.change(context, OPERATOR, its, None, description="Billing")  # nothing to change
    operations.rotate_secret(context, OPERATOR, its, None, timedelta())
    delivery = deliveries.send_test(context, OPERATOR, its, None)
    deliveries.send_again(context, OPERATOR, its, None, [delivery])
    operations.set_enabled(context, OPERATOR, its, None, enabled=False)
    operations.set_enabled(context, OPERATOR, its, None, enabled=False)
    operations.set_enabled(context, OPERATOR, its, None, enabled=True)
    operations.remove(context, OPERATOR, its, None)

    with context.database.read() as connection:
        found = connection.exec_driver_sql(
            "SELECT action, subject, detail FROM audit WHERE action LIKE 'webhook.%' ORDER BY id"
        ).all()

    assert [action.removeprefix("webhook.") for action, _, _ in found] == [
        "added",
        "changed",
        "secret_rotated",
        "tested",
        "sent_again",
        "disabled",
        "enabled",
        "removed",
    ]
    assert {subject for _, subject, _ in found} == {"partner.example"}
    assert not any("very-secret" in detail for *_, detail in found)


def test_a_delivery_of_another_endpoint_is_not_sent_again(context: Context) -> None:
    mine, other = (operations.add(context, OPERATOR, None, URL).endpoint.id for _ in range(2))
    delivery = deliveries.send_test(context, OPERATOR, other, None)

    with pytest.raises(NotFoundError, match=f"Delivery {delivery}"):
        deliveries.send_again(context, OPERATOR, mine, None, [delivery])


def test_nothing_is_sent_by_hand_to_a_disabled_endpoint(context: Context) -> None:
    its = operations.add(context, OPERATOR, None, URL).endpoint.id
    operations.set_enabled(context, OPERATOR, its, None, enabled=False)

    with pytest.raises(OAuthError, match="disabled"):
        deliveries.send_test(context, OPERATOR, its, None)
    with pytest.raises(OAuthError, match="disabled"):
        deliveries.send_again(context, OPERATOR, its, None)


def test_the_endpoints_of_a_deleted_application_keep_no_number_of_it(
    fresh_server: InProcessServer, context: Context
) -> None:
    operations.add(context, OPERATOR, None, URL)
    client = fresh_server.register()
    applications.delete(context, OPERATOR, client.application.id, None)

    with context.database.read() as connection:
        subjects = connection.exec_driver_sql("SELECT subject FROM webhook_sequence").all()
    assert not any(client.client_id in subject for (subject,) in subjects)


DAY = next(each for each in OVERLAPS if each >= timedelta(days=1))


def _rotate(context: Context, client: Client) -> None:
    secrets.rotate(context, OPERATOR, client.application.id, DAY, None)


def _leak(context: Context, client: Client) -> None:
    app = client.application
    secrets.replace_leaked(context, OPERATOR, app.id, app.secrets[0].id, None)


def _expire(context: Context, client: Client) -> None:
    app, end = client.application, context.now() + timedelta(days=40)
    secrets.set_end(context, OPERATOR, app.id, app.secrets[0].id, end, None)
    with context.database.write() as connection:  # as made long before its end
        connection.exec_driver_sql("UPDATE application_secret SET created_at = 0")
    expiry.remind(context)


def _use_keys(context: Context, client: Client) -> None:
    app_id, end = client.application.id, context.now() + timedelta(days=40)
    made = client_keys.generate(
        context, OPERATOR, app_id, None, name="Key", alg="ES256", expires_at=end
    )
    with context.database.write() as connection:  # as made long before its end
        connection.exec_driver_sql("UPDATE application_key SET created_at = 0")
    expiry.remind(context)
    client_keys.revoke(context, OPERATOR, app_id, made.key.id, None)


def _use_certificates(context: Context, client: Client) -> None:
    app_id = client.application.id
    text = of_days(40, context.now().timestamp()).pem().encode()
    made = certificates.add(context, OPERATOR, app_id, None, name="Certificate", text=text)
    with context.database.write() as connection:  # as registered long before its end
        connection.exec_driver_sql("UPDATE application_certificate SET created_at = 0")
    expiry.remind(context)
    certificates.remove(context, OPERATOR, app_id, made.id, None)


def _disable(context: Context, client: Client) -> None:
    app_id = client.application.id
    applications.set_enabled(context, OPERATOR, app_id, enabled=False, org_id=None)
    applications.set_enabled(context, OPERATOR, app_id, enabled=True, org_id=None)


def _suspend(context: Context, client: Client) -> None:
    org_id = client.application.org_id
    organization_lifecycle.rename(context, OPERATOR, org_id, "Acme Ltd")
    organization_lifecycle.set_suspended(context, OPERATOR, org_id, suspended=True)
    organization_lifecycle.set_suspended(context, OPERATOR, org_id, suspended=False)


def _remove_user(context: Context, client: Client) -> None:
    org_id = client.application.org_id
    anna = users.with_portal_access(context, org_id)[0]
    other = users.add(
        context, OPERATOR, type(anna)(uuid4(), org_id, "user", context.now(), context.now())
    )
    users.remove(context, OPERATOR, org_id, other.id)


CAUSES: dict[str, tuple[Callable[[Context, Client], object], list[str]]] = {
    "rotate": (_rotate, ["secret.rotated"]),
    "leak": (_leak, ["secret.leaked", "secret.rotated"]),
    "expire": (_expire, ["secret.expiring"]),
    "client keys": (
        _use_keys,
        ["client_key.added", "client_key.expiring", "client_key.revoked"],
    ),
    "client certificates": (
        _use_certificates,
        ["client_certificate.added", "client_certificate.expiring", "client_certificate.removed"],
    ),
    "disable": (_disable, ["application.disabled", "application.enabled"]),
    "revoke": (
        lambda context, client: applications.revoke_tokens(
            context, OPERATOR, client.application.id, None
        ),
        ["application.tokens_revoked"],
    ),
    "delete": (
        lambda context, client: applications.delete(context, OPERATOR, client.application.id, None),
        ["application.deleted"],
    ),
    "suspend": (
        _suspend,
        ["organization.renamed", "organization.suspended", "organization.resumed"],
    ),
    "users": (_remove_user, ["user.added", "user.removed"]),
    "keys": (
        lambda context, _: keys.rotate(context, ["opaque"], OPERATOR, at_once=False),
        ["key.rotated"],
    ),
    "checkpoint": (
        lambda context, _: chain.make_checkpoint(
            context, SigningKey("ES256", generate("ES256")), "https://auth.example.com"
        ),
        ["audit.checkpoint"],
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_change_writes_its_events(
    fresh_server: InProcessServer, context: Context, cause: str
) -> None:
    client = fresh_server.register()
    operations.add(context, OPERATOR, None, URL)
    do, expected = CAUSES[cause]

    do(context, client)

    assert sorted(written(context)) == sorted(expected)


def test_a_new_organization_and_application_write_theirs(
    fresh_server: InProcessServer, context: Context
) -> None:
    operations.add(context, OPERATOR, None, URL)

    fresh_server.register()

    assert sorted(written(context)) == [
        "application.registered",
        "organization.created",
        "user.added",
    ]


def test_every_event_is_shown_to_be_written_by_something() -> None:
    shown = {name for _, names in CAUSES.values() for name in names}
    elsewhere = {"application.registered", "organization.created", "refusals.rising"}
    assert shown | elsewhere == set(ONE_CAN_WANT)


def test_an_event_without_one_of_its_members_is_a_mistake_of_the_program(context: Context) -> None:
    with (
        pytest.raises(ValueError, match=r"application\.deleted has the members"),
        context.database.write() as connection,
    ):
        context.webhooks.emit(connection, "application.deleted", context.now(), secret="x")


def test_no_example_names_a_secret_and_each_says_when_it_is_sent() -> None:
    for each in EVENTS.values():
        assert each.text.endswith(".")
        assert not {"secret", "token", "password"} & set(each.data)
