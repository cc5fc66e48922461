"""Events are delivered at least once, by one process, until the receiver has taken them."""

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from standardwebhooks import Webhook

from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.chain import anchors, store
from gatepass.server.domain.audit.chain.anchors import Trust
from gatepass.server.domain.audit.chain.checkpoint import read
from gatepass.server.domain.audit.chain.verification import verify
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.webhooks.model import AT_ONCE, KEPT, LEASE, MOST_AT_ONCE
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from gatepass.server.environment import maintenance
from gatepass.server.environment.webhooks.request import Sender
from gatepass.server.storage.errors import NotFoundError
from server.environment.webhooks.receiver import Hooks, Receiver, hooked, receiving
from server.fixtures import InProcessServer

DAY = timedelta(days=1)


def register(server: InProcessServer) -> tuple[object, str]:
    client = server.register()
    return client.application.org_id, client.client_id


def test_an_event_is_a_cloudevent_that_says_what_has_happened(
    hooks: Hooks, receiver: Receiver
) -> None:
    hooks.add(receiver.url, None, "application.registered")
    org_id, client_id = register(hooks.server)

    hooks.deliver()

    event = receiver.events[0]
    assert receiver.received[0].method == "POST"
    assert receiver.received[0].path == "/hook?of=gatepass"
    assert receiver.received[0].headers["content-type"] == "application/cloudevents+json"
    assert event.pop("id") == receiver.received[0].headers["webhook-id"]
    assert datetime.fromisoformat(event.pop("time")) == hooks.context.now()
    assert event == {
        "specversion": "1.0",
        "source": "http://localhost:8000",
        "type": "dev.gatepass.application.registered",
        "subject": f"application/{client_id}",
        "sequence": "0000000000000001",
        "datacontenttype": "application/json",
        "data": {
            "organization_id": str(org_id),
            "client_id": client_id,
            "name": "Billing",
            "scope": event["data"]["scope"],
        },
    }


def test_a_delivery_that_was_taken_is_not_sent_again(hooks: Hooks, receiver: Receiver) -> None:
    added = hooks.add(receiver.url)
    hooks.emit()

    hooks.deliver(2)

    (found,) = hooks.sent(added)
    assert len(receiver.received) == 1
    assert (found.state, found.status, found.attempts) == ("delivered", 204, 1)
    assert found.milliseconds is not None


def test_receivers_verify_it_with_the_library_of_standard_webhooks(
    hooks: Hooks, receiver: Receiver
) -> None:
    hooks.server.clock.now = datetime.now().astimezone().timestamp()  # which the library reads
    added = hooks.add(receiver.url)
    hooks.emit()
    hooks.deliver()

    got = receiver.received[0]

    assert Webhook(added.secret.value).verify(got.body, dict(got.headers)) == json.loads(got.body)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(added.secret.value).verify(got.body + b" ", dict(got.headers))


def test_after_a_rotation_both_secrets_verify_until_the_overlap_is_over(
    hooks: Hooks, receiver: Receiver
) -> None:
    added = hooks.add(receiver.url)
    new = operations.rotate_secret(hooks.context, OPERATOR, added.endpoint.id, None)
    hooks.emit()
    hooks.deliver()
    hooks.later(DAY)
    hooks.emit()
    hooks.deliver()

    within, after = (each.headers["webhook-signature"].split(" ") for each in receiver.received)

    def signed(number: int, secret: str) -> str:
        got = receiver.received[number]
        when = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
        text: str = Webhook(secret).sign(got.headers["webhook-id"], when, got.body.decode())
        return text

    assert within == [signed(0, new.value), signed(0, added.secret.value)]
    assert after == [signed(1, new.value)]


def test_a_receiver_that_fails_for_a_day_gets_everything_then_in_order(
    hooks: Hooks, receiver: Receiver
) -> None:
    receiver.status = 500
    added = hooks.add(receiver.url)
    for _ in range(3):
        hooks.emit()
    for _ in range(24):
        hooks.deliver(2)
        hooks.later(timedelta(hours=1))
    failed = len(receiver.received)
    receiver.status = 200
    hooks.later(DAY)
    hooks.deliver(2)

    taken = receiver.events[failed:]
    ids = {each.headers["webhook-id"] for each in receiver.received}
    assert failed > 3
    assert [each["sequence"][-1] for each in taken] == ["1", "2", "3"]
    assert len(ids) == 3  # the same at every try
    assert {each.state for each in hooks.sent(added)} == {"delivered"}


def test_a_receiver_that_answers_500_for_a_day_loses_nothing_and_delays_no_other(
    hooks: Hooks, receiver: Receiver
) -> None:
    receiver.status = 500
    added = hooks.add(receiver.url)
    delays = []
    with receiving() as well:
        hooks.add(well.url)
        for hour in range(24):
            hooks.emit()
            hooks.deliver()
            delays.append(hour + 1 - len(well.received))
            hooks.later(timedelta(hours=1))
    failed = len(receiver.received)
    receiver.status = 204
    hooks.later(DAY)
    hooks.deliver(24 // AT_ONCE)

    taken = receiver.events[failed:]
    assert delays == [0] * 24
    assert failed > 0
    assert [int(each["sequence"]) for each in taken] == [*range(1, 25)]
    assert {each.state for each in hooks.sent(added)} == {"delivered"}


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
def test_what_is_not_taken_is_tried_again_later(
    hooks: Hooks, receiver: Receiver, status: int
) -> None:
    receiver.status, receiver.headers = status, {"location": "http://127.0.0.1:1/"}
    added = hooks.add(receiver.url)
    hooks.emit()

    hooks.deliver(2)
    (waits,) = hooks.sent(added)
    hooks.later(timedelta(seconds=6))
    receiver.status = 200
    hooks.deliver()

    assert (waits.state, waits.status, waits.attempts) == ("waiting", status, 1)
    assert [each.state for each in hooks.sent(added)] == ["delivered"]
    assert len(receiver.received) == 2


def test_after_three_days_a_delivery_is_given_up_and_the_endpoint_disabled(
    hooks: Hooks, receiver: Receiver
) -> None:
    receiver.status = 500
    added = hooks.add(receiver.url)
    hooks.emit()

    for _ in range(30):
        hooks.deliver()
        hooks.later(timedelta(hours=6))

    found = operations.find(hooks.context, added.endpoint.id, None)
    (given_up,) = hooks.sent(added)
    assert (given_up.state, given_up.status) == ("failed", 500)
    assert (found.state, found.disabled_because) == ("disabled", "failing")
    assert hooks.actions()[-1] == "webhook.disabled"


def test_a_delivery_that_was_given_up_is_sent_again_by_hand(
    hooks: Hooks, receiver: Receiver
) -> None:
    receiver.status = 410
    added = hooks.add(receiver.url)
    hooks.emit()
    hooks.deliver()
    receiver.status = 200
    operations.set_enabled(hooks.context, OPERATOR, added.endpoint.id, None, enabled=True)

    number = deliveries.send_again(hooks.context, OPERATOR, added.endpoint.id, None)
    hooks.deliver()

    first, second = receiver.received
    assert number == 1
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [each.state for each in hooks.sent(added)] == ["delivered"]


def test_410_disables_the_endpoint_and_nothing_is_written_for_it_any_more(
    hooks: Hooks, receiver: Receiver
) -> None:
    receiver.status = 410
    added = hooks.add(receiver.url)
    hooks.emit()
    hooks.deliver()
    hooks.emit()
    hooks.deliver()

    found = operations.find(hooks.context, added.endpoint.id, None)
    assert (found.state, found.disabled_because) == ("disabled", "gone")
    assert len(hooks.sent(added)) == len(receiver.received) == 1


def test_two_processes_send_it_once(hooks: Hooks, receiver: Receiver) -> None:
    hooks.add(receiver.url)
    for _ in range(AT_ONCE):
        hooks.emit()

    both = [hooks.delivery.deliver(), hooks.another().deliver_and_wait()]
    hooks.delivery.deliver_and_wait()

    assert both == [1, 0]
    assert len({each.headers["webhook-id"] for each in receiver.received}) == AT_ONCE
    assert len(receiver.received) == AT_ONCE


def test_a_process_that_ends_between_sending_and_noting_it_has_it_sent_again(
    hooks: Hooks, receiver: Receiver
) -> None:
    """As after kill -9: the lease stays, and nothing was noted."""
    added = hooks.add(receiver.url)
    hooks.emit()
    (claimed,) = hooks.context.webhooks.claim(hooks.context.now(), 1)
    (waits,) = claimed.deliveries
    hooks.another()._post(claimed, waits)  # noqa: SLF001 - what the process did before it ended

    hooks.deliver()
    before = len(receiver.received)
    hooks.later(LEASE)
    hooks.deliver()

    assert before == 1
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
    assert len(receiver.received) == 2
    assert [each.state for each in hooks.sent(added)] == ["delivered"]


def test_a_receiver_that_hangs_delays_no_other_and_takes_one_place(
    hooks: Hooks, receiver: Receiver
) -> None:
    goes_on = Event()

    def hang(_: Request) -> Response:
        goes_on.wait(10)
        return Response(200)

    with LoopbackServer(hang) as slow:
        stuck = hooks.add(f"{slow.url}/slow")
        for _ in range(20):
            hooks.emit()
        hooks.delivery.deliver()
        quick = hooks.add(receiver.url)
        hooks.emit()
        another = hooks.another()
        while another.deliver_and_wait():
            pass
        taken = [each.state for each in hooks.sent(quick)]
        waiting = [each.state for each in hooks.sent(stuck)]
        goes_on.set()
        hooks.delivery.deliver_and_wait()

    assert taken == ["delivered"]
    assert waiting == ["waiting"] * 21


def test_no_more_endpoints_are_served_at_once_than_there_are_places(hooks: Hooks) -> None:
    with ExitStack() as stack:
        for _ in range(2):
            org_id = hooks.server.organization()
            for _ in range(10):
                hooks.add(stack.enter_context(receiving()).url, org_id)
            hooks.emit("organization.suspended", org_id)

        claimed = hooks.context.webhooks.claim(hooks.context.now(), MOST_AT_ONCE)

    owners = [each.endpoint.org_id for each in claimed]
    assert sorted(owners.count(each) for each in set(owners)) == [4, 4]


def test_an_organization_gets_its_own_events_alone(hooks: Hooks, receiver: Receiver) -> None:
    acme, bolt = hooks.server.organization(), hooks.server.organization()
    hooks.add(receiver.url, acme)

    hooks.emit("organization.suspended", bolt)
    hooks.emit("organization.suspended", acme)
    with hooks.environment.database.write() as connection:
        hooks.context.webhooks.emit(
            connection,
            "key.rotated",
            hooks.context.now(),
            purposes=["RS256"],
            active_from="2027-01-15T09:00:00Z",
        )
    hooks.deliver()

    assert [each["data"]["organization_id"] for each in receiver.events] == [str(acme)]


def test_a_checkpoint_that_was_sent_out_convicts_a_trail_that_was_rewritten(
    hooks: Hooks, receiver: Receiver
) -> None:
    hooks.add(receiver.url, None, "audit.checkpoint")
    maintenance.make_checkpoint(hooks.environment)
    hooks.deliver()

    (event,) = receiver.events
    with hooks.environment.database.write() as connection:
        kept = store.all_checkpoints(connection)
        connection.exec_driver_sql("UPDATE audit_link SET digest = zeroblob(32)")
        connection.exec_driver_sql("DELETE FROM audit_checkpoint")
    trust = Trust(hooks.environment.issuer, "production", {read(kept[0].statement).kid})
    found = anchors.gather([], [event["data"]["checkpoint"]], trust)
    report = verify(hooks.environment.database, found, hooks.context.now())

    assert event["data"] == {"number": kept[0].number, "checkpoint": kept[0].statement}
    assert "checkpoint" in {each.kind for each in report.findings}


def emit_and_fail(hooks: Hooks, client_id: str) -> None:
    """Write an event in a transaction that is rolled back."""
    now = hooks.context.now()
    event = "application.tokens_revoked"
    with hooks.environment.database.write() as connection:
        hooks.context.webhooks.emit(connection, event, now, client_id=client_id, name="Billing")
        raise NotFoundError(client_id)


def test_numbers_rise_without_gaps_for_each_application_among_what_an_endpoint_gets(
    hooks: Hooks, receiver: Receiver
) -> None:
    hooks.add(receiver.url, None, "application.registered", "application.tokens_revoked")
    first, second = hooks.server.register(), hooks.server.register()
    for each in (first, second, first):
        applications.revoke_tokens(hooks.context, OPERATOR, each.application.id, None)
    applications.set_enabled(
        hooks.context, OPERATOR, first.application.id, enabled=False, org_id=None
    )
    with pytest.raises(NotFoundError):
        emit_and_fail(hooks, first.client_id)
    applications.revoke_tokens(hooks.context, OPERATOR, first.application.id, None)
    hooks.deliver()

    numbers = [
        int(each["sequence"])
        for each in receiver.events
        if each["data"]["client_id"] == first.client_id
    ]
    assert numbers == [1, 2, 3, 4]


def test_without_an_endpoint_that_wants_it_no_row_is_written(hooks: Hooks) -> None:
    with receiving() as receiver:
        hooks.add(receiver.url, None, "secret.leaked")
    hooks.emit()

    with hooks.environment.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM webhook_event").scalar()
    assert rows == 0


def test_a_server_on_the_tables_before_writes_no_event_and_delivers_none(hooks: Hooks) -> None:
    """With `auto_migrate` off, until the operator has run `gatepass migrate`."""
    with hooks.environment.database.write() as connection:
        for table in ("sequence", "delivery", "event", "endpoint"):
            connection.exec_driver_sql(f"DROP TABLE webhook_{table}")
        connection.exec_driver_sql("UPDATE gatepass_schema SET revision = '0026'")
    hooks.environment.database._revision = ""  # noqa: SLF001 - as after a restart

    org_id = hooks.server.organization()
    hooks.deliver()
    maintenance.prune(hooks.environment)
    maintenance.count_webhooks(hooks.environment)

    assert operations.of_owner(hooks.context, org_id) == []
    with pytest.raises(Exception, match="gatepass migrate"):
        hooks.add("https://example.com/")


def test_a_secret_of_another_master_key_is_named_as_what_holds_deliveries_up(
    hooks: Hooks, receiver: Receiver
) -> None:
    added = hooks.add(receiver.url)
    with hooks.environment.database.write() as connection:
        connection.exec_driver_sql("UPDATE webhook_endpoint SET secret = x'00112233445566778899'")
    hooks.emit()

    hooks.deliver()

    (found,) = hooks.sent(added)
    assert "another master key" in found.error
    assert receiver.received == []


def test_no_secret_is_in_database_audit_or_what_is_sent(
    hooks: Hooks, receiver: Receiver, tmp_path: Path
) -> None:
    added = hooks.add(receiver.url)
    client = hooks.server.register()
    hooks.deliver()

    stored = b"".join(each.read_bytes() for each in (tmp_path / "data").glob("*.sqlite3*"))
    sent = b"".join(each.body for each in receiver.received)
    assert added.secret.value.encode() not in stored
    assert client.secret.value.encode() not in sent
    assert added.secret.value not in repr(added)


def test_deliveries_are_forgotten_after_30_days(hooks: Hooks, receiver: Receiver) -> None:
    added = hooks.add(receiver.url)
    hooks.emit()
    hooks.deliver()
    hooks.later(KEPT + DAY)

    maintenance.prune(hooks.environment)

    assert hooks.sent(added) == []


def test_the_figures_count_tries_and_what_waits(hooks: Hooks, receiver: Receiver) -> None:
    receiver.status = 500
    hooks.add(receiver.url)
    hooks.emit()
    hooks.deliver()
    maintenance.count_webhooks(hooks.environment)

    assert hooks.environment.webhook_figures == {"not_taken": 1, "waiting": 1, "failing": 1}


def test_a_name_that_leads_to_a_private_address_the_second_time_is_not_reached(
    receiver: Receiver, tmp_path: Path
) -> None:
    with hooked(tmp_path / "strict", ()) as strict:
        answers = iter([["93.184.216.34"], ["127.0.0.1"], ["10.0.0.1"]])
        added = strict.add("https://partner.example:8443/")
        next(answers)  # as it was looked up when it was added
        strict.emit()
        strict.another(Sender(strict.settings, lambda _h, _p: next(answers))).deliver_and_wait()
        (found,) = strict.sent(added)

    assert (found.state, found.error) == ("waiting", "not a public address")
    assert receiver.received == []
