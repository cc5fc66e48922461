"""From an authenticated client and its wishes to a grant."""

from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import Application
from gatepass.server.tokens.grant import Grant, authorize
from gatepass.server.tokens.request import TokenRequest
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from server.tokens.samples import API, APPLICATION, BOTH, CACHED, CATALOGUE, METERS, credentials
from wire.samples import texts

GRANT_TYPE = "client_credentials"


def grant(
    grant_type: str | None = GRANT_TYPE,
    scope: str | None = None,
    resource: tuple[str, ...] = (),
    application: Application = APPLICATION,
) -> Grant:
    request = TokenRequest(credentials(), grant_type, scope, resource)
    return authorize(CachedApplication.of(application), request, CATALOGUE)


def refusal(
    grant_type: str | None = GRANT_TYPE,
    scope: str | None = None,
    resource: tuple[str, ...] = (),
    application: Application = APPLICATION,
) -> str:
    with pytest.raises(OAuthError) as caught:
        grant(grant_type, scope, resource, application)
    assert caught.value.status == 400
    return caught.value.code


@pytest.mark.spec("RFC 6749", "4.4.2")
def test_a_client_is_granted_all_of_its_scope_where_it_asks_for_none() -> None:
    assert grant() == Grant(Scope(("read", "write")), (), 36000, "opaque")


@pytest.mark.spec("RFC 6749", "5.2")
def test_the_grant_type_must_be_there() -> None:
    assert refusal(None) == "invalid_request"


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.spec("RFC 9700", "2.4")
@pytest.mark.parametrize(
    "grant_type",
    [
        "password",
        "implicit",
        "token",
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "CLIENT_CREDENTIALS",
        "client_credentials ",
        " ",
    ],
)
def test_another_grant_type_is_not_supported(grant_type: str) -> None:
    assert refusal(grant_type) == "unsupported_grant_type"


@pytest.mark.spec("RFC 6749", "4.4")
@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    "application",
    [
        replace(APPLICATION, client_type="public"),
        replace(APPLICATION, grant_type="authorization_code"),
    ],
)
def test_a_public_client_and_one_of_another_grant_are_not_authorised(
    application: Application,
) -> None:
    assert refusal(application=application) == "unauthorized_client"


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize(
    ("asked", "granted"),
    [("read", "read"), ("write", "write"), ("write read", "write read"), ("read read", "read")],
)
def test_a_client_may_have_less_than_its_scope_in_any_order(asked: str, granted: str) -> None:
    assert str(grant(scope=asked).scope) == granted


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("asked", ["admin", "read admin", "Read", "READ", "introspection", "rea"])
def test_scope_beyond_the_application_is_refused(asked: str) -> None:
    assert refusal(scope=asked) == "invalid_scope"


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("asked", texts("malformed_scopes").values(), ids=texts("malformed_scopes"))
def test_malformed_scope_is_refused(asked: str) -> None:
    assert refusal(scope=asked) == "invalid_scope"


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.spec("RFC 9068", "3")
def test_the_audience_is_what_was_asked_for_each_once() -> None:
    assert grant(resource=(METERS,), application=BOTH).audience == (METERS,)
    assert grant(resource=(METERS,) * 100, application=BOTH).audience == (METERS,)


@pytest.mark.spec("RFC 8707", "2")
def test_the_partner_api_is_the_audience_that_need_not_be_named() -> None:
    assert grant(resource=(API,)) == grant()
    assert grant().audience == ()


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.spec("RFC 9068", "3")
def test_a_resource_alone_gets_all_of_the_application_s_scopes_of_it() -> None:
    meters = grant(resource=(METERS,), application=BOTH)

    assert (str(meters.scope), meters.form) == ("meters.read", "ES256")
    assert refusal(resource=(METERS,)) == "invalid_target"


@pytest.mark.spec("RFC 9068", "3")
def test_a_scope_alone_gets_the_resource_that_it_belongs_to() -> None:
    meters = grant(scope="meters.read", application=BOTH)

    assert (meters.audience, meters.form) == ((METERS,), "ES256")


@pytest.mark.spec("RFC 6749", "3.3")
def test_with_neither_the_resource_is_that_of_the_application_s_first_scope() -> None:
    meters_first = replace(BOTH, scope=Scope(("meters.read", "read")))

    assert str(grant(application=BOTH).scope) == "read write"
    assert str(grant(application=meters_first).scope) == "meters.read"


@pytest.mark.spec("RFC 9068", "3")
def test_scopes_of_several_resources_are_refused_in_one_request() -> None:
    assert refusal(scope="read meters.read", application=BOTH) == "invalid_scope"
    assert refusal(scope="read", resource=(METERS,), application=BOTH) == "invalid_scope"


@pytest.mark.spec("RFC 8707", "2")
def test_resources_that_take_different_tokens_are_refused_in_one_request() -> None:
    assert refusal(resource=(API, METERS), application=BOTH) == "invalid_target"
    same = replace(CATALOGUE.resources[METERS], form="opaque")
    catalogue = replace(CATALOGUE, resources={**CATALOGUE.resources, METERS: same})
    asked = TokenRequest(credentials(), GRANT_TYPE, "read meters.read", (METERS, API))

    assert authorize(CachedApplication.of(BOTH), asked, catalogue).audience == (METERS, API)


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.parametrize("resource", texts("token/refused_resources").values())
def test_an_unknown_or_malformed_resource_is_refused(resource: str) -> None:
    assert refusal(resource=(resource,)) == "invalid_target"
    assert refusal(resource=(API, resource)) == "invalid_target"


def test_applications_with_the_same_scope_share_a_grant() -> None:
    other = replace(APPLICATION, id=UUID(int=17), client_id="gpc_live_other")

    assert grant(application=other) is grant()
    assert grant(scope="read", application=other) is grant(scope="read")


def test_applications_that_differ_in_scope_or_lifetime_share_no_grant() -> None:
    narrow = replace(APPLICATION, scope=Scope(("read",)))
    brief = replace(APPLICATION, token_lifetime=60)

    assert str(grant().scope) == "read write"
    assert str(grant(application=narrow).scope) == "read"
    assert (grant().lifetime, grant(application=brief).lifetime) == (36000, 60)
    assert str(grant(scope="write").scope) == "write"
    assert refusal(scope="write", application=narrow) == "invalid_scope"


def test_a_new_catalogue_grants_anew() -> None:
    asked = TokenRequest(credentials(), GRANT_TYPE, None, ())
    granted = authorize(CACHED, asked, CATALOGUE)
    resource = replace(CATALOGUE.resources[API], form="ES256")
    changed = replace(CATALOGUE, resources={**CATALOGUE.resources, API: resource})

    assert authorize(CACHED, asked, CATALOGUE) is granted
    assert authorize(CACHED, asked, replace(CATALOGUE)) is not granted
    assert authorize(CACHED, asked, changed).form == "ES256"


@pytest.mark.spec("RFC 6749", "5.2")
def test_errors_are_found_in_the_order_grant_type_grant_scope_resource() -> None:
    public = replace(APPLICATION, client_type="public")

    assert refusal(None, "admin", ("x",), public) == "invalid_request"
    assert refusal("password", "admin", ("x",), public) == "unsupported_grant_type"
    assert refusal(GRANT_TYPE, "admin", ("x",), public) == "unauthorized_client"
    assert refusal(GRANT_TYPE, "admin", ("x",)) == "invalid_scope"
    assert refusal(GRANT_TYPE, "read", ("x",)) == "invalid_target"


@pytest.mark.spec("RFC 9700", "2.3")
@given(st.text(max_size=40) | st.lists(st.sampled_from(["read", "write", "x"])).map(" ".join))
def test_whatever_is_asked_the_grant_stays_within_the_application(asked: str) -> None:
    with suppress(OAuthError):
        assert APPLICATION.scope.covers(grant(scope=asked or None).scope)
