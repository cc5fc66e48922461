"""The guard without a framework: how a token is verified while the issuer answers."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from gatepass.guard import (
    ClaimNames,
    Denied,
    ErrorResponse,
    Guard,
    Policy,
    Principal,
    Request,
    Requirements,
)
from gatepass.guard.core.guard import reset_after_fork
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.secret import Secret
from guard.fake_issuer import CLIENT_ID, CLIENT_SECRET
from guard.fake_network import HOUR, START, Setup, bearer_request
from guard.tokens import API, EXPECT, header

READ = Requirements.of("read")


def error_of(guard: Guard, request: Request, requirements: Requirements = READ) -> ErrorResponse:
    """Return the refusal of a request, the same one in a thread and in a loop."""
    with pytest.raises(Denied) as sync:
        guard.identify(request, requirements)
    with pytest.raises(Denied) as loop:
        asyncio.run(guard.aidentify(request, requirements))
    assert sync.value.error_response == loop.value.error_response
    return sync.value.error_response


def at_once(guard: Guard, request: Request, requirements: Requirements = READ) -> Principal:
    """Return the caller, or fail where the event loop would have had to wait."""
    with pytest.raises(StopIteration) as end:
        guard.aidentify(request, requirements).send(None)
    principal: Principal = end.value.value
    return principal


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_a_jwt_is_verified_with_the_published_keys_and_then_known(setup: Setup, alg: str) -> None:
    guard, token = setup.guard(), setup.jwt(alg)

    first = guard.identify(bearer_request(token), READ)
    second = guard.identify(bearer_request(token), READ)

    assert first.client_id == "acme-billing"
    assert first is second
    assert (setup.server.key_fetches, setup.server.asked.total()) == (1, 0)
    assert (guard.counters.verified, guard.counters.cached) == (2, 1)


def test_in_a_loop_nothing_waits_for_a_jwt_once_the_keys_are_there(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    asyncio.run(guard.aidentify(bearer_request(token), READ))

    assert at_once(guard, bearer_request(token)).client_id == "acme-billing"
    assert at_once(guard, bearer_request(setup.jwt("RS256"))).client_id == "acme-billing"


def test_a_crowd_at_the_start_fetches_the_keys_once(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    setup.server.hold.clear()

    with ThreadPoolExecutor(20) as pool:
        callers = [pool.submit(guard.identify, bearer_request(token), READ) for _ in range(20)]
        setup.server.hold.set()
        names = {each.result().client_id for each in callers}

    assert (names, setup.server.key_fetches) == ({"acme-billing"}, 1)


@pytest.mark.parametrize(
    "make_request",
    [
        lambda token: Request((f"bearer   {token}",)),
        lambda token: Request((f"Bearer {token}",), query="limit=1%200&x=y", form="a=b"),
    ],
)
def test_however_it_is_written_a_known_jwt_is_known(
    setup: Setup, make_request: Callable[[str], Request]
) -> None:
    guard, token = setup.guard(), setup.jwt()

    callers = [guard.identify(make_request(token), READ) for _ in range(2)]

    assert callers[0] is callers[1]
    assert setup.server.key_fetches == 1


@pytest.mark.spec("RFC 9110", "11.4")
@pytest.mark.parametrize("written", ["Bearer   {}", "Bearer {}  ", "Bearer {}\t", "bearer  {} "])
def test_spaces_around_a_jwt_do_no_harm_when_the_keys_are_there_already(
    setup: Setup, written: str
) -> None:
    guard, token = setup.guard(), setup.jwt()
    guard.identify(bearer_request(setup.jwt(jti="another")), READ)

    assert guard.identify(Request((written.format(token),)), READ).token_id == "token-id"
    assert setup.server.key_fetches == 1


def test_a_jwt_after_very_many_spaces_is_verified_each_time(setup: Setup) -> None:
    guard, request = setup.guard(), Request((f"Bearer{' ' * 17_000}{setup.jwt()}",))

    callers = [guard.identify(request, READ) for _ in range(2)]

    assert callers[0] == callers[1]
    assert guard.status().cached_jwts == 0


def test_other_tokens_are_asked_about(setup: Setup) -> None:
    guard = setup.guard()
    setup.server.knows("gpa_test_x", exp=int(START) + HOUR)

    caller = guard.identify(bearer_request("gpa_test_x"), READ)

    assert (caller.client_id, caller.environment) == ("acme-billing", None)
    assert setup.server.key_fetches == 0


def test_a_sealed_token_says_its_environment(setup: Setup) -> None:
    token = mint(Kind.ACCESS_TOKEN, Mode.TEST, b"content")
    setup.server.knows(token, exp=int(START) + HOUR)

    assert setup.guard().identify(bearer_request(token)).environment == "sandbox"


@pytest.mark.parametrize("options", [{"resource": None}, {"offline": False}], ids=str)
def test_without_a_resource_or_where_told_so_jwts_are_asked_about_too(
    setup: Setup, options: dict[str, object]
) -> None:
    guard, token = setup.guard(**options), setup.jwt()
    setup.server.knows(token, exp=int(START) + HOUR)

    guard.identify(bearer_request(token), READ)

    assert (setup.server.key_fetches, setup.server.asked[token]) == (0, 1)
    assert guard.status().keys is None


def test_without_credentials_jwts_work_and_others_are_refused(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="gatepass.guard")
    monkeypatch.delenv("GATEPASS_CLIENT_ID", raising=False)
    guard = setup.guard(client_id=None, client_secret=None)

    assert guard.identify(bearer_request(setup.jwt())).client_id == "acme-billing"
    assert error_of(guard, bearer_request("gpa_test_x")).status == 401
    assert "no client id and secret to introspect it" in caplog.text


def test_half_of_the_credentials_is_a_mistake(setup: Setup) -> None:
    with pytest.raises(ValueError, match="client_secret"):
        setup.guard(client_secret=None)


def test_addresses_that_are_told_are_not_looked_for(setup: Setup) -> None:
    where = setup.server.issuer
    guard = Guard(
        "https://login.example.com",
        resource=API,
        jwks_uri=where + "/.well-known/jwks.json",
        introspection_endpoint=where + "/oauth2/introspect/",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        clock=setup.clock,
    )
    setup.server.knows("opaque", iss="https://login.example.com", exp=int(START) + HOUR)

    with guard:
        tokens = [setup.jwt(iss="https://login.example.com"), "opaque"]
        found = {guard.identify(bearer_request(token)).issuer for token in tokens}

    assert found == {"https://login.example.com"}


@pytest.mark.spec("RFC 9728", "5.1")
@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({}, "https://api.example.com/.well-known/oauth-protected-resource"),
        ({"resource": API + "/v2"}, API + "/.well-known/oauth-protected-resource/v2"),
        ({"resource_metadata": "https://x.example.com/m"}, "https://x.example.com/m"),
        ({"resource_metadata": ""}, ""),
        ({"resource": "urn:example:api"}, ""),
        ({"resource": None}, ""),
    ],
    ids=str,
)
def test_the_metadata_is_told_where_the_resource_is_an_address(
    setup: Setup, options: dict[str, object], shown: str
) -> None:
    found = error_of(setup.guard(**options), Request())

    challenge = f'Bearer resource_metadata="{shown}"' if shown else "Bearer"
    assert found.headers["WWW-Authenticate"] == challenge
    assert (found.status, found.reason) == (401, "no_credentials")


@pytest.mark.spec("RFC 9457", "3.1")
def test_a_denial_is_a_whole_answer(setup: Setup) -> None:
    found = error_of(setup.guard(), bearer_request(setup.jwt(scope="")))

    assert (found.status, found.reason) == (403, "insufficient_scope")
    assert json.loads(found.body()) == found.problem()
    assert found.problem()["title"] == "Forbidden"
    assert 'scope="read"' in found.headers["WWW-Authenticate"]


# Of other issuers: how each names its claims, and how its header writes "JWT".
FOREIGN: dict[str, tuple[ClaimNames, dict[str, object], dict[str, object]]] = {
    "Entra": (
        ClaimNames(client_id="azp", scope="roles", org_id="tid", token_id="uti"),
        {"typ": "JWT"},
        {"azp": "acme", "roles": ["read"], "tid": "t1", "uti": "u1", "jti": None},
    ),
    "Auth0": (
        ClaimNames(client_id="azp"),
        {"typ": "JWT"},
        {"azp": "acme", "org_id": "t1", "jti": None, "aud": [API, "https://x/userinfo"]},
    ),
    "Okta": (ClaimNames(client_id="cid", scope="scp"), {"typ": None}, {"cid": "acme"}),
    "Keycloak": (ClaimNames(client_id="azp"), {"typ": "JWT"}, {"azp": "acme", "iat": None}),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_the_tokens_of_other_issuers_are_read_by_their_names(setup: Setup, name: str) -> None:
    names, head, body = FOREIGN[name]
    if name == "Okta":
        body = body | {"scp": "read", "sub": None}
    shown = {k: v for k, v in (header("ES256") | head).items() if v is not None}
    token = setup.jwt("ES256", shown, client_id=None, **body)

    caller = setup.guard(claims=names, lenient=True).identify(bearer_request(token), READ)

    assert (caller.client_id, "read" in caller.scope) == ("acme", True)
    assert error_of(setup.guard(claims=names), bearer_request(token)).status == 401
    assert error_of(setup.guard(lenient=True), bearer_request(token)).status == 401


@pytest.mark.parametrize("listed", [["read", 7], ["read write", ""], ["read write"], [""], [None]])
def test_a_list_of_scopes_holds_scopes_alone(setup: Setup, listed: list[object]) -> None:
    guard = setup.guard(claims=ClaimNames(scope="scp"))

    assert error_of(guard, bearer_request(setup.jwt(scp=listed))).status == 401


def test_a_scope_of_the_standards_name_is_a_list_of_a_plain_issuer_alone(setup: Setup) -> None:
    token = setup.jwt(scope=["read"])

    assert str(setup.guard(lenient=True).identify(bearer_request(token), READ).scope) == "read"
    assert error_of(setup.guard(), bearer_request(token)).status == 401


@pytest.mark.spec("RFC 7662", "2.2")
def test_an_answer_of_another_issuer_may_leave_out_who_gives_it(setup: Setup) -> None:
    answer = setup.server.claims(exp=int(START) + HOUR, azp="acme", permissions=["read"])
    setup.server.message("opaque", {k: v for k, v in answer.items() if k not in {"iss", "scope"}})
    names = ClaimNames(client_id="azp", scope="permissions")

    caller = setup.guard(claims=names, lenient=True).identify(bearer_request("opaque"), READ)

    assert (caller.client_id, caller.issuer) == ("acme", setup.server.issuer)
    assert error_of(setup.guard(claims=names), bearer_request("opaque")).status == 401


def test_the_environment_is_a_claim_where_the_issuer_has_one(setup: Setup) -> None:
    caller = setup.guard().identify(bearer_request(setup.jwt(environment="sandbox")))

    assert caller.environment == "sandbox"


def test_a_jwt_that_names_networks_counts_from_there_alone(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt(allowed_networks=["203.0.113.0/24"])

    for _ in range(2):  # the second time it is known
        assert guard.identify(bearer_request(token, source="203.0.113.7"), READ).networks
        assert error_of(guard, bearer_request(token, source="198.51.100.1")).status == 401


@pytest.mark.spec("RFC 6750", "2")
def test_a_known_jwt_beside_another_token_is_refused(setup: Setup) -> None:
    guard, token = setup.guard(), setup.jwt()
    guard.identify(bearer_request(token))

    for request in (
        bearer_request(token, query="access_token=x"),
        bearer_request(token, form="a=b&access%5Ftoken=x"),
        Request((f"Bearer {token}", f"Bearer {token}")),
        Request((f"Bearer {token},Bearer {token}",)),
    ):
        assert error_of(guard, request).reason == "invalid_request"


def plain(token: Secret, context: Any) -> Mapping[str, object] | None:  # noqa: ANN401
    return context(token)  # type: ignore[no-any-return]


async def coroutine(token: Secret, context: Any) -> Mapping[str, object] | None:  # noqa: ANN401
    return context(token)  # type: ignore[no-any-return]


@pytest.mark.parametrize("inspect", [plain, coroutine])
def test_an_inspection_stands_for_the_issuer(setup: Setup, inspect: Any) -> None:  # noqa: ANN401
    guard = Guard(inspect=inspect, expect=lambda _context: EXPECT, clock=setup.clock)
    answer = setup.server.claims(iss=EXPECT.issuer, aud=API, exp=int(START) + HOUR)
    request = bearer_request(
        "token", context=lambda token: answer if token == Secret("token") else None
    )

    assert asyncio.run(guard.aidentify(request, READ)).issuer == EXPECT.issuer
    if inspect is plain:
        assert guard.identify(request, READ).issuer == EXPECT.issuer
        assert error_of(guard, bearer_request("other", context=request.context)).status == 401
    else:
        with pytest.raises(TypeError, match="aidentify"):
            guard.identify(request, READ)
    assert (guard.issuer, guard.token_url) == ("", "/oauth2/token/")
    assert guard.status() == (True, None, None, 0, 0, "", True)
    guard.after_fork()
    guard.close()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"resorce": API}, TypeError, "no setting resorce"),
        ({"on_stale_feed": "maybe"}, ValueError, "on_stale_feed"),
        ({"jwks_uri": "http://keys.example.com"}, ValueError, "jwks_uri must be"),
        ({"introspection_endpoint": "x"}, ValueError, "introspection_endpoint must be"),
        ({"rate": "100/minute"}, ValueError, "rate is an object, such as RateLimit"),
        ({"rate": 100}, ValueError, "rate is an object"),
        ({"revocations": "https://app.example.com"}, ValueError, "revocations is an object"),
        ({"keys": {"max_age": 60}}, ValueError, "keys is an object, such as Policy"),
    ],
    ids=str,
)
def test_settings_that_cannot_work_are_a_mistake_at_once(
    setup: Setup, settings: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        setup.guard(**settings)


def test_what_memory_tells_is_not_inspected(setup: Setup) -> None:
    caller = setup.guard().identify(bearer_request(setup.jwt(scope="read")))
    inspected: list[Secret] = []

    def recall(token: Secret, context: object) -> Principal | None:
        assert context == "context"
        return caller if token == Secret("known") else None

    guard = Guard(
        inspect=lambda token, _: inspected.append(token),
        get_cached=recall,
        expect=EXPECT,
        clock=setup.clock,
    )

    def status(token: str, requirements: Requirements, **more: object) -> int:
        try:
            guard.identify(bearer_request(token, context="context", **more), requirements)
        except Denied as denied:
            return denied.error_response.status
        return 200

    assert status("known", READ) == 200
    assert inspected == []
    assert status("other", READ) == 401
    assert status("known", Requirements.of("write")) == 401  # what is refused is inspected
    assert inspected == [Secret("other"), Secret("known")]
    assert status("known", READ, query="access_token=known") == 400
    assert (guard.counters.verified, guard.counters.cached) == (1, 0)


def test_what_memory_tells_from_its_networks_alone_is_inspected(setup: Setup) -> None:
    caller = setup.guard().identify(bearer_request(setup.jwt()))
    bound = replace(caller, networks=("192.0.2.0/24",))
    guard = Guard(
        inspect=lambda *_: None, get_cached=lambda *_: bound, expect=EXPECT, clock=setup.clock
    )

    assert guard.identify(bearer_request("known", source="192.0.2.7")) == bound
    assert error_of(guard, bearer_request("known", source="198.51.100.7")).status == 401


def test_what_the_feed_says_is_revoked_is_refused_though_an_inspection_knows_it(
    setup: Setup,
) -> None:
    answer = setup.server.claims(iss=EXPECT.issuer, aud=API, exp=int(START) + HOUR, jti="revoked")
    guard = Guard(
        inspect=lambda *_: answer, expect=EXPECT, revocations=setup.feed, clock=setup.clock
    )
    assert guard.identify(bearer_request("token"), READ).token_id == "revoked"

    setup.feed.revoked.add("revoked")

    assert error_of(guard, bearer_request("token")).reason == "invalid_token"


def test_memory_without_an_inspection_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="get_cached works with inspect alone"):
        Guard("https://app.example.com", resource=API, get_cached=lambda *_: None)


def test_the_status_says_why_questions_have_no_answer_until_one_has(setup: Setup) -> None:
    guard = setup.guard(client_secret="another's")
    assert guard.status().is_healthy

    assert error_of(guard, bearer_request("sealed")).status == 503
    wrong = guard.status()
    guard = setup.guard()
    setup.server.sends("trouble", b"", 500)
    statuses = [
        (error_of(guard, bearer_request(token)).status, guard.status().is_healthy)
        for token in ("trouble", "unknown")
    ]

    assert (wrong.is_healthy, "check the guard's client id" in wrong.introspection_error) == (
        False,
        True,
    )
    assert statuses == [(503, False), (401, True)]
    assert guard.status().introspection_error == ""


def test_an_answer_that_is_remembered_counts_as_known_from_before(setup: Setup) -> None:
    guard = setup.guard()
    setup.server.knows("sealed", exp=int(START) + HOUR)
    for _ in range(3):
        guard.identify(bearer_request("sealed"), READ)

    assert (guard.counters.introspected, guard.counters.verified, guard.counters.cached) == (
        1,
        3,
        2,
    )


@pytest.mark.spec("RFC 9728", "2")
def test_a_guard_gives_the_document_that_its_challenges_point_to() -> None:
    with Guard("https://app.example.com", resource=API) as guard:
        assert guard.metadata("read", "write") == {
            "resource": API,
            "authorization_servers": ["https://app.example.com"],
            "scopes_supported": ["read", "write"],
            "bearer_methods_supported": ["header"],
        }
        assert "scopes_supported" not in guard.metadata()  # RFC 9728 §3.2: no empty list


def test_a_guard_of_no_one_resource_has_no_such_document() -> None:
    with (
        Guard(inspect=plain, expect=lambda _context: EXPECT) as several,
        Guard("https://app.example.com", client_id="a", client_secret="b") as none,
    ):
        for guard in (several, none):
            with pytest.raises(ValueError, match="only a guard with a resource"):
                guard.metadata()


def test_what_to_expect_and_claims_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="are part of expect"):
        Guard(expect=EXPECT, inspect=plain, lenient=True)


@pytest.mark.spec("RFC 9700", "4.9.3")
def test_neither_token_nor_secret_is_kept_or_logged(
    setup: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    guard, token = setup.guard(keys=Policy()), setup.jwt()
    guard.identify(bearer_request(token), READ)
    guard.identify(bearer_request(token), READ)
    error_of(guard, bearer_request(token), Requirements.of("admin"))
    error_of(guard, bearer_request(token[:-8]))

    shown = caplog.text + repr((guard.status(), vars(guard.counters)))
    for hidden in (token, token[-40:], sha256(token.encode()).hexdigest(), CLIENT_SECRET):
        assert hidden not in shown


FORKING = """
import os, sys
sys.path[:0] = [{tests!r}]
from gatepass.guard import Guard
from guard.fake_network import bearer_request
now = [{now}]
guard = Guard({issuer!r}, resource={api!r}, client_id="a", client_secret="b", clock=lambda: now[0])
request = bearer_request(sys.stdin.read())
guard.identify(request)
child = os.fork()
if child == 0:
    now[0] += 400  # the keys are too old: a fetch, and so a thread and a connection
    os._exit(0 if guard.identify(request).client_id == "acme-billing" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
os._exit(0)
"""


def test_a_forked_process_begins_with_threads_and_connections_of_its_own(setup: Setup) -> None:
    program = FORKING.format(
        tests=str(__file__).rpartition("/guard/")[0],
        issuer=setup.server.issuer,
        api=API,
        now=START,
    )

    ran = subprocess.run(
        [sys.executable, "-c", program],
        input=setup.jwt(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ran.stdout.strip(), ran.stderr) == ("0", "")
    assert setup.server.key_fetches == 2


def test_a_guard_that_was_reset_after_a_fork_identifies_callers(setup: Setup) -> None:
    guard = setup.guard()
    guard.after_fork()  # before there are connections, which the parent process would close

    setup.server.knows("opaque", exp=int(START) + HOUR)

    assert guard.identify(bearer_request("opaque"), READ).client_id == "acme-billing"
    assert guard.identify(bearer_request(setup.jwt()), READ).client_id == "acme-billing"


def test_where_nothing_forks_a_guard_works_all_the_same(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "register_at_fork")  # as on Windows

    assert setup.guard().identify(bearer_request(setup.jwt()), READ).client_id == "acme-billing"


def test_the_fork_of_a_guard_that_is_gone_is_nobodys(setup: Setup) -> None:
    reset_after_fork(lambda: None)
    before = threading.active_count()
    reset_after_fork(setup.guard)

    assert threading.active_count() == before


def test_a_guard_takes_keys_that_share_a_name_and_knows_their_tokens_again(setup: Setup) -> None:
    setup.publish("ES256", "RS256", kid="one")
    guard = setup.guard()
    tokens = [setup.jwt(alg, header(alg, kid="one")) for alg in ("ES256", "RS256")]

    for _ in range(2):
        assert {guard.identify(bearer_request(token)).client_id for token in tokens} == {
            "acme-billing"
        }
    setup.clock.now += Policy().max_age  # the keys are fetched again, and are the same ones
    for token in tokens:
        guard.identify(bearer_request(token))
    assert (setup.server.key_fetches, guard.counters.cached) == (2, 3)


@pytest.mark.parametrize("padding", [5_000, 11_000])
def test_tokens_as_long_as_those_of_other_issuers_pass(setup: Setup, padding: int) -> None:
    guard = setup.guard()
    opaque = "o" * (padding + 4_000)
    setup.server.knows(opaque, exp=int(setup.clock.now) + 3600)

    assert (
        guard.identify(bearer_request(setup.jwt(roles="x" * padding))).client_id == "acme-billing"
    )
    assert guard.identify(bearer_request(opaque)).client_id == "acme-billing"
    assert error_of(guard, bearer_request("o" * 16_385)).status == 401


def test_the_leeway_that_a_guard_is_told_counts_for_known_tokens_too(setup: Setup) -> None:
    guard = setup.guard(leeway=60)
    token = setup.jwt(exp=int(setup.clock.now) + 1)
    for _ in range(2):
        guard.identify(bearer_request(token))
        setup.clock.now += 30
    setup.clock.now += 1

    assert error_of(guard, bearer_request(token)).reason == "invalid_token"
    with pytest.raises(ValueError, match="leeway is 0 to 60 seconds"):
        setup.guard(leeway=61)


def test_an_answer_without_an_end_is_remembered_no_longer_than_others(setup: Setup) -> None:
    guard = setup.guard(lenient=True, cache_seconds=5)
    setup.server.knows("opaque", scope=["read"], exp=None)
    for _ in range(2):
        assert guard.identify(bearer_request("opaque"), READ).expires_at is None
    assert setup.server.asked["opaque"] == 1
    setup.clock.now += 5
    guard.identify(bearer_request("opaque"))

    assert setup.server.asked["opaque"] == 2
    assert error_of(setup.guard(), bearer_request("opaque")).status == 401
