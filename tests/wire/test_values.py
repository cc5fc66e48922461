"""Refusals, scopes, secrets, challenges and metadata."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.wire import metadata
from gatepass.wire.bearer import write_challenge
from gatepass.wire.errors import STATUS, OAuthError
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from wire.samples import texts

SAYABLE = {chr(code) for code in range(0x20, 0x7F)} - {'"', "\\"}
NAMES = st.text(sorted(SAYABLE - {" "}), min_size=1, max_size=20)


@pytest.mark.spec("RFC 6749", "5.2")
@given(st.text())
def test_whatever_is_said_to_a_caller_has_only_the_characters_that_may_be_said(say: str) -> None:
    refused = OAuthError("invalid_request", say)

    assert set(refused.description) <= SAYABLE
    assert len(refused.description) == len(say)
    assert all(
        ours == theirs for ours, theirs in zip(refused.description, say, strict=True) if ours != "?"
    )


@pytest.mark.spec("RFC 6749", "5.2")
def test_every_code_has_a_status_and_a_refusal_may_say_another() -> None:
    assert {code for code, status in STATUS.items() if status == 401} == {
        "invalid_client",
        "invalid_token",
    }
    assert all(OAuthError(code, "No.").status == status for code, status in STATUS.items())
    assert OAuthError("invalid_request", "Wait.", status=429, retry_after=3).status == 429


def test_a_code_that_nobody_registered_cannot_be_sent() -> None:
    with pytest.raises(KeyError):
        OAuthError("computer_says_no", "No.")


def test_the_log_reads_the_note_and_the_caller_does_not() -> None:
    refused = OAuthError(
        "invalid_client", "Client authentication failed.", log_detail="unknown client"
    )

    assert str(refused) == "invalid_client: unknown client"
    assert refused.description == "Client authentication failed."
    assert str(OAuthError("invalid_client", "No.")) == "invalid_client: No."


@pytest.mark.spec("RFC 6749", "3.3")
@given(st.lists(NAMES, max_size=8))
def test_a_scope_keeps_its_names_once_each_in_order(names: list[str]) -> None:
    scope = Scope.parse(" ".join(names))

    assert list(scope.names) == list(dict.fromkeys(names))
    assert Scope.parse(str(scope)) == scope
    assert all(name in scope for name in names)


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("text", texts("malformed_scopes").values(), ids=texts("malformed_scopes"))
def test_a_malformed_scope_is_refused(text: str) -> None:
    with pytest.raises(OAuthError) as caught:
        Scope.parse(text)

    assert caught.value.code == "invalid_scope"


@pytest.mark.spec("RFC 6749", "3.3")
@given(st.text(max_size=30))
def test_a_scope_is_legal_or_refused(text: str) -> None:
    with suppress(OAuthError):
        assert set(str(Scope.parse(text))) <= SAYABLE


@pytest.mark.spec("RFC 6749", "3.3")
def test_scopes_are_case_sensitive_and_their_order_does_not_matter() -> None:
    both = Scope.parse("read write")

    assert both.covers(Scope.parse("write read"))
    assert both.covers(Scope(()))
    assert not both.covers(Scope.parse("Read"))
    assert both.without(Scope.parse("write other")) == Scope(("read",))
    assert "Read" not in both


def test_a_secret_matches_its_digest_and_no_other() -> None:
    assert Secret("hush").matches(Secret("hush").digest())
    assert not Secret("hush").matches(Secret("Hush").digest())
    assert not Secret("hush").matches(b"")
    assert len(Secret("hush").digest()) == 32


def test_a_secret_cannot_be_printed_by_accident() -> None:
    secret = Secret("hush")

    assert not any(
        "hush" in text for text in (repr(secret), str(secret), f"{secret}", f"{[secret]}")
    )


@pytest.mark.spec("RFC 6750", "3")
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "Bearer"),
        ({"realm": ""}, "Bearer"),
        ({"realm": "api", "scope": "", "error": "x"}, 'Bearer realm="api", error="x"'),
        ({"realm": 'a"b\\c'}, 'Bearer realm="a\\"b\\\\c"'),
        ({"realm": "a\r\nX: b\u00e4\0"}, 'Bearer realm="a??X: b??"'),
    ],
)
def test_a_challenge_is_quoted_and_cannot_be_broken_out_of(
    parameters: dict[str, str], expected: str
) -> None:
    assert write_challenge("Bearer", **parameters) == expected


@given(st.text())
def test_no_challenge_whatever_holds_a_line_break(value: str) -> None:
    written = write_challenge("Bearer", realm=value)

    assert written.isascii()
    assert written.isprintable()


@pytest.mark.spec("RFC 8414", "2")
def test_the_servers_metadata_names_its_endpoints_below_the_issuer() -> None:
    document = metadata.authorization_server("https://app.example.com", ["read", "write"], "live")

    assert document["issuer"] == "https://app.example.com"
    assert document["token_endpoint"] == "https://app.example.com/oauth2/token/"
    assert document["revocation_endpoint"] == "https://app.example.com/oauth2/revoke_token/"
    assert document["introspection_endpoint"] == "https://app.example.com/oauth2/introspect/"
    assert document["revocation_feed_endpoint"] == "https://app.example.com/oauth2/revocations/"
    assert document["response_types_supported"] == []
    assert document["grant_types_supported"] == ["client_credentials"]
    assert document["scopes_supported"] == ["read", "write"]
    assert document["gatepass_credential_mark"] == "live"


@pytest.mark.spec("RFC 9728", "2")
def test_the_resources_metadata_names_its_server() -> None:
    document = metadata.protected_resource("https://a.example/api", "https://as.example", ["read"])

    assert document["resource"] == "https://a.example/api"
    assert document["authorization_servers"] == ["https://as.example"]
    assert document["bearer_methods_supported"] == ["header"]


@pytest.mark.spec("RFC 9728", "3.1")
@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("https://a.example/api/v2", "/api/v2"),
        ("https://a.example/", ""),
        ("https://a.example", ""),
    ],
)
def test_the_well_known_path_goes_before_the_resources_own(resource: str, path: str) -> None:
    assert (
        metadata.protected_resource_url(resource)
        == f"https://a.example/.well-known/oauth-protected-resource{path}"
    )
