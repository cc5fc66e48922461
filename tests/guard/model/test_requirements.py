"""What a caller must be allowed: all of, any of, by method, and whose data."""

from dataclasses import replace

import pytest

from gatepass.guard import Denied, ErrorResponse, Guard, Principal, Request, Requirements, any_of
from gatepass.guard.model.requirements import ScopeRequirement
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope
from guard.fake_network import Setup, bearer_request
from guard.tokens import Issuer

ORG = "7c9e6679"


@pytest.fixture(scope="module")
def caller() -> Principal:
    issuer = Issuer()
    return issuer.verify(issuer.token("ES256"))


def outcome(
    caller: Principal, requirements: Requirements, scope: str, method: str = "GET", org: str = ORG
) -> int:
    try:
        requirements.check(replace(caller, scope=Scope.parse(scope)), method, {"org_id": org})
    except OAuthError as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    ("required", "granted", "status"),
    [
        ((), "", 200),
        (("a", "b"), "b a", 200),
        (("a b",), "b", 403),
        ((any_of("a", "b"),), "b", 200),
        ((any_of("a", "b"),), "c", 403),
        (("c", any_of("a", "b")), "a", 403),
        (("c", any_of("a", "b"), any_of("d", "e")), "c b e", 200),
        (("c", any_of("a", "b"), any_of("d", "e")), "c b a", 403),
    ],
    ids=str,
)
def test_all_of_the_scopes_are_needed_and_one_of_the_alternatives(
    caller: Principal, required: tuple[ScopeRequirement, ...], granted: str, status: int
) -> None:
    assert outcome(caller, Requirements.of(*required), granted) == status


@pytest.mark.parametrize(
    ("method", "granted", "status"),
    [
        ("GET", "base read", 200),
        ("get", "base read", 200),
        ("HEAD", "base read", 200),
        ("GET", "read", 403),
        ("POST", "base read", 403),
        ("POST", "base write", 200),
        ("BREW", "base write", 200),
        ("DELETE", "base write", 403),
        ("DELETE", "base root", 200),
    ],
)
def test_each_method_has_its_scopes(
    caller: Principal, method: str, granted: str, status: int
) -> None:
    requirements = Requirements.of(
        "base", {"GET": "read", "Delete": any_of("admin", "root"), "*": "write"}
    )

    assert outcome(caller, requirements, granted, method) == status


@pytest.mark.parametrize(("org", "status"), [(ORG, 200), (ORG.upper(), 404), ("", 404)])
def test_anothers_organization_is_not_found(caller: Principal, org: str, status: int) -> None:
    requirements = Requirements.of("read", organization="org_id")

    assert outcome(caller, requirements, "read", org=org) == status
    assert outcome(caller, requirements, "", org=org) == 403  # scope first: it says less
    assert outcome(replace(caller, org_id=None), requirements, "read", org="None") == 404


def test_a_route_without_the_parameter_lets_nobody_through(caller: Principal) -> None:
    with pytest.raises(KeyError):
        Requirements.of(organization="org_id").check(caller, "GET", {})


def test_what_is_enough_and_what_is_mentioned() -> None:
    requirements = Requirements.of("c", any_of("a", "b"), {"GET": "read", "*": any_of("w", "x")})

    assert str(requirements.sufficient_scope("GET")) == "c read a"
    assert str(requirements.sufficient_scope("PUT")) == "c a w"
    assert str(requirements.all_scopes) == "c a b read w x"


@pytest.mark.parametrize(
    ("required", "message"),
    [
        (({"GET": "read"},), "does not name"),
        (({"*": "a"}, {"*": "b"}), "one mapping"),
        (("tö",), "printable ASCII"),
        (("a  b",), "printable ASCII"),
        (({"*": 'a"b'},), "printable ASCII"),
    ],
    ids=str,
)
def test_needs_that_can_never_be_met_are_a_mistake(
    required: tuple[ScopeRequirement, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Requirements.of(*required)


def test_one_alternative_is_none() -> None:
    with pytest.raises(ValueError, match="two scopes"):
        any_of("a")


def error_of(guard: Guard, request: Request, requirements: Requirements) -> ErrorResponse:
    with pytest.raises(Denied) as denied:
        guard.identify(request, requirements)
    return denied.value.error_response


def test_the_guard_asks_for_all_of_it(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    requirements = Requirements.of(
        {"GET": any_of("x", "read"), "*": "admin"}, organization="org_id"
    )

    assert guard.identify(bearer_request(token, path={"org_id": ORG}), requirements).org_id == ORG
    other = error_of(guard, bearer_request(token, path={"org_id": "other"}), requirements)
    post = error_of(guard, bearer_request(token, method="POST", path={"org_id": ORG}), requirements)

    assert (other.status, other.reason) == (404, "other_organization")
    assert "WWW-Authenticate" not in other.headers
    assert 'scope="admin"' in post.headers["WWW-Authenticate"]
