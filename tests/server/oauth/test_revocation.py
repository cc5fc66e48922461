"""The revocation endpoint (RFC 7009)."""

import pytest

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.revocations import store as revocations
from gatepass.wire.metadata import REVOKE
from gatepass.wire.secret import Secret
from server.fixtures import LIVE, TEST, Client, InProcessServer, refused, whole
from wire.samples import texts


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.parametrize("path", [REVOKE, REVOKE.rstrip("/")])
@pytest.mark.parametrize("in_json", [True, False])
def test_a_revoked_token_is_dead_at_once(
    server: InProcessServer, client: Client, path: str, *, in_json: bool
) -> None:
    token, other = server.token(client), server.token(client)
    form = {"token": token}
    assert server.is_active(client, token)
    answer = server.send(
        "POST", path, by=client, json=form if in_json else None, data=None if in_json else form
    )

    assert answer.status_code == 200
    assert not server.is_active(client, token)
    assert server.is_active(client, other)


@pytest.mark.spec("RFC 7009", "2.2")
def test_a_token_that_is_none_any_more_or_never_was_is_answered_as_a_revoked_one(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register(lifetime=60)
    good, expired = fresh_server.token(client), fresh_server.token(client)
    done = whole(fresh_server.revoke(client, good))

    assert done[0] == 200
    assert whole(fresh_server.revoke(client, good)) == done
    assert whole(fresh_server.revoke(client, "unknown")) == done
    assert whole(fresh_server.revoke(client, good[:-1])) == done
    fresh_server.clock.advance(60)
    assert whole(fresh_server.revoke(client, expired)) == done
    with fresh_server.environment().database.read() as connection:
        from_the_start = list(revocations.unexpired(connection, client.application.created_at))
    assert len(from_the_start) == 1


@pytest.mark.spec("RFC 7009", "2.2.1")
@pytest.mark.parametrize("token", texts("token/garbage").values(), ids=texts("token/garbage"))
def test_structured_garbage_is_no_token_and_no_error(
    server: InProcessServer, client: Client, token: str
) -> None:
    assert server.revoke(client, token).status_code == 200


@pytest.mark.spec("RFC 7009", "2.2.1")
@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token_type_hint": "access_token"}])
def test_without_a_token_the_request_is_invalid(
    server: InProcessServer, client: Client, form: dict[str, str]
) -> None:
    assert refused(server.post(REVOKE, by=client, data=form)) == (400, "invalid_request")


@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.spec("RFC 7009", "2.2")
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unheard-of", ""])
def test_the_hint_changes_nothing(server: InProcessServer, client: Client, hint: str) -> None:
    token = server.token(client)

    assert server.revoke(client, token, token_type_hint=hint).status_code == 200
    assert not server.is_active(client, token)


@pytest.mark.spec("RFC 7009", "2.1")
def test_another_clients_token_is_refused_and_stays_active(
    server: InProcessServer, client: Client
) -> None:
    token = server.token(client)
    for other in (server.register(), server.register(beside=client)):
        assert refused(server.revoke(other, token)) == (400, "invalid_request")
        assert server.is_active(client, token)


@pytest.mark.spec("RFC 7009", "2.1")
def test_whoever_is_not_authenticated_revokes_nothing(
    server: InProcessServer, client: Client
) -> None:
    token = server.token(client)
    wrong = client.having(Secret("gps_live_wrong"))
    by_wrong = server.revoke(wrong, token)

    assert refused(by_wrong) == (401, "invalid_client")
    assert by_wrong.headers["www-authenticate"].startswith("Basic ")
    in_body = server.post(REVOKE, data={"token": token} | wrong.body)
    assert refused(in_body) == (401, "invalid_client")
    assert "www-authenticate" not in in_body.headers
    assert refused(server.post(REVOKE, data={"token": token})) == (401, "invalid_client")
    assert server.is_active(client, token)


@pytest.mark.spec("RFC 7009", "2.1")
def test_credentials_in_the_body_revoke_too(server: InProcessServer, client: Client) -> None:
    token = server.token(client)

    assert server.post(REVOKE, data={"token": token} | client.body).status_code == 200
    assert not server.is_active(client, token)


@pytest.mark.spec("RFC 7009", "2.1")
def test_a_token_is_nothing_to_the_other_environment(
    server: InProcessServer, client: Client
) -> None:
    token, sandboxed = server.token(client), server.register(TEST)

    assert server.revoke(sandboxed, token, TEST).status_code == 200
    assert server.is_active(client, token)
    assert server.revoke(client, token, TEST).status_code == 401
    assert server.is_active(client, token, LIVE)


@pytest.mark.spec("ASVS", "16.2.1")
def test_a_revocation_is_told_once_in_the_audit_trail_without_the_token(
    server: InProcessServer,
) -> None:
    client = server.register()
    token = server.token(client)
    server.revoke(client, token)
    server.revoke(client, token)

    with server.environment().database.read() as connection:
        entries = [each for _, each in audit.page(connection, client.application.org_id)]
    told = [each for each in entries if each.action == "token.revoked"]
    assert len(told) == 1
    assert (told[0].actor, told[0].source) == ("Billing", "192.0.2.7")
    assert token not in str(entries)


@pytest.mark.spec("RFC 7009", "2.3")
def test_nothing_is_wrapped_for_a_script(server: InProcessServer, client: Client) -> None:
    token = server.token(client)
    answer = server.revoke(client, token, callback="package.myCallback")

    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
