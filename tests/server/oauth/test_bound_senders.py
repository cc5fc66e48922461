"""Where the server itself takes a token that is bound: the sender proves what it is bound to."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx2 import Response

from gatepass.jose.confirmation import Confirmation
from gatepass.jose.x509.certificate import thumbprint
from gatepass.server.http import ClientCertificate, Request
from gatepass.server.oauth.authentication.binding import check_sender
from gatepass.server.oauth.authentication.proofs import Target
from gatepass.server.tokens.claims import Claims
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import INTROSPECT, PARTNER_API, REVOCATIONS, VERIFY, VERIFY_ENVOY
from server.fixtures import (
    INTROSPECTION,
    LIVE,
    URL,
    Client,
    InProcessServer,
    open_passive_server,
)
from server.proofs import Prover, ask

Headers = list[tuple[str, str]]
API = "https://api.example.com/orders/7"


class Bound:
    """A client with a token that is bound to its key, and its requests."""

    def __init__(
        self, server: InProcessServer, *, is_introspecting: bool = False, nonce: str | None = None
    ) -> None:
        self.server, self.prover = server, Prover(server)
        scope = INTROSPECTION if is_introspecting else None
        self.client: Client = server.register(scope=scope, allowed=scope)
        self.token: str = ask(server, self.client, self.prover.proof({"nonce": nonce})).json()[
            "access_token"
        ]

    def headers(self, method: str, url: str, scheme: str = "DPoP", **claims: object) -> Headers:
        proof = self.prover.proof(claims, method=method, url=url, token=self.token)
        return [("Authorization", f"{scheme} {self.token}"), ("DPoP", proof)]


Send = Callable[[Bound, Headers], Response]


def introspect(bound: Bound, headers: Headers) -> Response:
    return bound.server.post(INTROSPECT, data={"token": bound.token}, headers=headers)


def follow(bound: Bound, headers: Headers) -> Response:
    return bound.server.send("GET", REVOCATIONS, headers=headers)


def pass_gateway(bound: Bound, headers: Headers) -> Response:
    told = [("X-Original-Method", "GET"), ("X-Original-URL", f"{API}?page=2")]
    return bound.server.send("GET", f"{VERIFY}?dpop=original", headers=headers + told)


def pass_other_gateway(bound: Bound, headers: Headers) -> Response:
    told = {"Method": "GET", "Proto": "https", "Host": "api.example.com", "Uri": "/orders/7?page=2"}
    sent = [(f"X-Forwarded-{name}", value) for name, value in told.items()]
    return bound.server.send("GET", f"{VERIFY}?dpop=forwarded", headers=headers + sent)


def pass_envoy(bound: Bound, headers: Headers) -> Response:
    sent = [("Host", "api.example.com"), ("X-Forwarded-Proto", "https")]
    path = f"{VERIFY_ENVOY}production/dpop=request//orders/7?page=2"
    return bound.server.send("GET", path, headers=headers + sent)


def call_partner_api(bound: Bound, headers: Headers) -> Response:
    org_id = bound.client.application.org_id
    return bound.server.send("GET", f"{PARTNER_API}/org/{org_id}/users", headers=headers)


def partner_url(bound: Bound) -> str:
    bound.prover.now = time.time  # the guard in front of the API has a clock of its own
    return f"{URL[LIVE]}{PARTNER_API}/org/{bound.client.application.org_id}/users"


PLACES: dict[str, tuple[Send, str, Callable[[Bound], str], bool]] = {
    "introspection": (introspect, "POST", lambda _: URL[LIVE] + INTROSPECT, True),
    "the revocation feed": (follow, "GET", lambda _: URL[LIVE] + REVOCATIONS, True),
    "a gateway": (pass_gateway, "GET", lambda _: API, False),
    "another gateway": (pass_other_gateway, "GET", lambda _: API, False),
    "Envoy": (pass_envoy, "GET", lambda _: API, False),
    "the Partner API": (call_partner_api, "GET", partner_url, False),
}
EVERYWHERE = pytest.mark.parametrize(
    ("send", "method", "url", "is_introspecting"), PLACES.values(), ids=PLACES.keys()
)


@EVERYWHERE
@pytest.mark.spec("RFC 9449", "7.1")
def test_a_bound_token_is_accepted_with_a_right_proof_and_each_proof_once(
    server: InProcessServer,
    send: Send,
    method: str,
    url: Callable[[Bound], str],
    is_introspecting: bool,  # noqa: FBT001
) -> None:
    bound = Bound(server, is_introspecting=is_introspecting)
    headers = bound.headers(method, url(bound))

    first, again = send(bound, headers), send(bound, headers)
    other = send(bound, bound.headers(method, url(bound)))

    assert (first.status_code, other.status_code) == (200, 200), first.text
    assert again.status_code == 401
    assert again.headers["www-authenticate"].startswith("DPoP ")
    assert 'error="invalid_dpop_proof"' in again.headers["www-authenticate"]


@EVERYWHERE
@pytest.mark.spec("RFC 9449", "7.2")
def test_a_bound_token_is_refused_as_plain_bearer_with_a_challenge_that_names_dpop(
    server: InProcessServer,
    send: Send,
    method: str,
    url: Callable[[Bound], str],
    is_introspecting: bool,  # noqa: FBT001
) -> None:
    bound = Bound(server, is_introspecting=is_introspecting)
    with_proof = bound.headers(method, url(bound), "Bearer")

    for headers in (with_proof, with_proof[:1]):
        answer = send(bound, headers)

        challenge = answer.headers["www-authenticate"]
        assert answer.status_code == 401
        assert challenge.startswith("Bearer ")
        assert 'error="invalid_token"' in challenge
        assert ", DPoP " in challenge
        assert 'algs="ES256 ' in challenge


@EVERYWHERE
def test_wrong_proofs_other_schemes_and_two_headers_are_refused(
    server: InProcessServer,
    send: Send,
    method: str,
    url: Callable[[Bound], str],
    is_introspecting: bool,  # noqa: FBT001
) -> None:
    bound = Bound(server, is_introspecting=is_introspecting)
    other, right = Prover(), url(bound)
    other.now = bound.prover.now
    good = bound.headers(method, right)
    token = good[0]
    wrong = {
        "no proof": [token],
        "another method": bound.headers("PATCH", right),
        "another address": bound.headers(method, "https://other.example/"),
        "another token": bound.headers(method, right, ath="a" * 43),
        "no token": bound.headers(method, right, ath=None),
        "another key": [
            token,
            ("DPoP", other.proof(method=method, url=right, token=bound.token)),
        ],
        "two proofs": [*good, good[1]],
        "an old one": bound.headers(method, right, iat=1),
    }

    found = {name: send(bound, headers) for name, headers in wrong.items()}
    two = send(bound, [token, *good])

    assert {name: each.status_code for name, each in found.items()} == dict.fromkeys(wrong, 401)
    assert two.status_code in {400, 401}
    assert "DPoP" in two.headers.get("www-authenticate", "DPoP")
    assert send(bound, good).status_code == 200  # none of these has used it up


@EVERYWHERE
def test_a_token_that_is_bound_to_nothing_is_refused_with_the_scheme_dpop(
    server: InProcessServer,
    send: Send,
    method: str,
    url: Callable[[Bound], str],
    is_introspecting: bool,  # noqa: FBT001
) -> None:
    bound = Bound(server, is_introspecting=is_introspecting)
    bound.token = server.token(bound.client)

    assert send(bound, [("Authorization", f"Bearer {bound.token}")]).status_code == 200
    refused = send(bound, bound.headers(method, url(bound)))
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_a_route_whose_gateway_does_not_say_what_it_sends_takes_no_bound_token(
    server: InProcessServer,
) -> None:
    bound = Bound(server)
    told = [("X-Original-Method", "GET"), ("X-Original-URL", API)]

    answer = server.send("GET", VERIFY, headers=bound.headers("GET", API) + told)

    assert answer.status_code == 401
    assert "takes no access tokens that are bound" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        f"{VERIFY}?dpop=request",
        f"{VERIFY_ENVOY}production/dpop=request/orders/7",
        f"{VERIFY_ENVOY}production/dpop=request",
        f"{VERIFY_ENVOY}production/dpop=request/",
    ],
)
def test_only_a_request_that_follows_its_requirements_can_name_itself(
    server: InProcessServer, path: str
) -> None:
    bound, sent = Bound(server), [("Host", "api.example.com"), ("X-Forwarded-Proto", "https")]
    host = [] if path.startswith(f"{VERIFY}?") else sent

    answer = server.send("GET", path, headers=bound.headers("GET", API) + host)

    assert answer.status_code == 500
    assert "set up wrongly" in answer.text


def test_envoys_scheme_is_needed_and_the_whole_path_counts(server: InProcessServer) -> None:
    bound, host = Bound(server), [("Host", "api.example.com")]
    https, http = [("X-Forwarded-Proto", "https")], [("X-Forwarded-Proto", "http")]

    def status(path: str, sent: Headers, url: str = API) -> int:
        whole = f"{VERIFY_ENVOY}production/dpop=request/{path}"
        given = bound.headers("GET", url) + host + sent
        return server.send("GET", whole, headers=given).status_code

    assert status("/orders/7", []) == 500
    assert status("/orders/7", http) == status("/orders/7", [*https, *http]) == 401
    assert status("//orders/7", https) == status("/orders/7/", https) == 401
    assert status("/dpop=request//orders/7", https) == 401
    assert status("/", https, "https://api.example.com") == 200
    assert status("/a%2Fb/c", https, "https://api.example.com/a%2fb/c") == 200


@pytest.mark.parametrize("query", ["dpop=original", "dpop=forwarded"])
def test_a_gateway_that_does_not_send_what_it_says_lets_no_bound_token_pass(
    server: InProcessServer, query: str
) -> None:
    bound = Bound(server)
    given = bound.headers("GET", API)
    partly = [("X-Original-Method", "GET"), ("X-Forwarded-Method", "GET")]

    assert server.send("GET", f"{VERIFY}?{query}", headers=given + partly).status_code == 500


def test_a_header_that_the_caller_has_sent_as_well_is_not_chosen(server: InProcessServer) -> None:
    bound = Bound(server)
    told = [
        ("X-Original-Method", "GET"),
        ("X-Original-URL", API),
        ("X-Original-URL", "https://api.example.com/other"),
    ]

    answers = [
        server.send("GET", f"{VERIFY}?dpop=original", headers=bound.headers("GET", API) + sent)
        for sent in (told, told[::-1])
    ]

    assert [each.status_code for each in answers] == [401, 401]


@pytest.mark.parametrize("value", ["", "both", "Original", "original&dpop=forwarded"])
def test_an_unknown_way_to_name_the_request_closes_the_route(
    server: InProcessServer, value: str
) -> None:
    assert server.send("GET", f"{VERIFY}?dpop={value}").status_code == 500


@pytest.mark.spec("RFC 9449", "9")
def test_with_nonces_a_gateway_passes_on_the_nonce_to_use(tmp_path: Path) -> None:
    with open_passive_server(tmp_path, production={"dpop_nonces": True}) as server:
        nonce = ask(server, server.register(), Prover(server).proof()).headers["DPoP-Nonce"]
        bound = Bound(server, nonce=nonce)
        first = pass_gateway(bound, bound.headers("GET", API))
        second = pass_gateway(bound, bound.headers("GET", API, nonce=nonce))

    assert first.status_code == 401
    assert 'error="use_dpop_nonce"' in first.headers["www-authenticate"]
    assert first.headers["DPoP-Nonce"] == nonce
    assert second.status_code == 200
    assert second.headers["DPoP-Nonce"] == nonce


@pytest.mark.spec("RFC 9449", "9")
@pytest.mark.parametrize(
    ("send", "method", "path"), [(introspect, "POST", INTROSPECT), (follow, "GET", REVOCATIONS)]
)
def test_with_nonces_our_own_endpoints_ask_for_one_and_give_the_next(
    tmp_path: Path, send: Send, method: str, path: str
) -> None:
    with open_passive_server(tmp_path, production={"dpop_nonces": True}) as server:
        nonces, clock = server.environment().proofs, server.clock
        nonce = nonces.nonce(clock())
        bound = Bound(server, is_introspecting=True, nonce=nonce)
        first = send(bound, bound.headers(method, URL[LIVE] + path))
        clock.advance(120)
        second = send(bound, bound.headers(method, URL[LIVE] + path, nonce=nonce))
        third = send(bound, bound.headers(method, URL[LIVE] + path, nonce="a"))
        plain = server.token(server.register(scope=INTROSPECTION, allowed=INTROSPECTION))
        other = send(bound, [("Authorization", f"Bearer {plain}")])

    assert [first.status_code, second.status_code, third.status_code] == [401, 200, 401]
    assert 'error="use_dpop_nonce"' in first.headers["www-authenticate"]
    assert first.headers["DPoP-Nonce"] == nonce
    assert second.headers["DPoP-Nonce"] == third.headers["DPoP-Nonce"] != nonce
    assert (other.status_code, other.headers.get("DPoP-Nonce")) == (200, None)


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.parametrize("shown", [None, b"other"])
def test_a_token_that_is_bound_to_a_certificate_needs_that_of_the_connection(
    server: InProcessServer, shown: bytes | None
) -> None:
    confirmation = Confirmation(x5t_s256=thumbprint(b"own"))
    claims = Claims(b"", b"", 0, 0, "", (), confirmation)
    request = Request({b"authorization": b"Bearer x"}, b"", b"", "")
    own = request._replace(certificate=ClientCertificate(b"own", is_validated=False))
    other = ClientCertificate(shown, is_validated=True) if shown else None

    check_sender(server.environment(), own, claims, Target("GET", (API,), "x"))
    with pytest.raises(OAuthError, match="invalid_token"):
        check_sender(
            server.environment(),
            request._replace(certificate=other),
            claims,
            Target("GET", (API,), "x"),
        )
