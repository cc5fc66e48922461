"""DPoP proofs at the token endpoint (RFC 9449 §4.3, §5, §8)."""

from pathlib import Path

import pytest

from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.oauth.authentication.proofs import LONGEST_AGE, Proofs, Target
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage.master_key import MasterKey
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import AUTHORIZATION_SERVER, TOKEN
from server.fixtures import LIVE, TEST, URL, Client, InProcessServer, open_passive_server, refused
from server.proofs import Prover, ask, require

SPEC = pytest.mark.spec("RFC 9449", "4.3")
BAD = (400, "invalid_dpop_proof")
ADDRESS = URL[LIVE] + TOKEN


@pytest.fixture(scope="module")
def bound(server: InProcessServer) -> Client:
    """An application that gets no token without a proof."""
    return require(server, server.register())


@pytest.mark.spec("RFC 9449", "5")
@pytest.mark.spec("RFC 9449", "6.1")
@pytest.mark.parametrize("alg", sorted(set(OF_CLIENTS.values())))
def test_a_token_is_bound_to_the_key_of_the_proof(
    server: InProcessServer, client: Client, alg: str
) -> None:
    prover = Prover(server, alg)

    answer = ask(server, client, prover.proof()).json()

    described = server.introspect(client, answer["access_token"]).json()
    assert answer["token_type"] == described["token_type"] == "DPoP"
    assert described["cnf"] == {"jkt": prover.jkt}


def test_requests_with_and_without_a_proof_get_what_they_ask_for_whatever_was_before(
    server: InProcessServer,
) -> None:
    client, one, other = server.register(), Prover(server), Prover(server)

    def bound_to(*proofs: str) -> object:
        token = ask(server, client, *proofs).json()["access_token"]
        return server.introspect(client, token).json().get("cnf")

    found = [bound_to(), bound_to(one.proof()), bound_to(), bound_to(other.proof())]
    assert found == [None, {"jkt": one.jkt}, None, {"jkt": other.jkt}]
    assert bound_to(one.proof()) == {"jkt": one.jkt}


@pytest.mark.spec("RFC 9449", "5.2")
def test_an_application_that_needs_proofs_gets_no_token_without(
    server: InProcessServer, bound: Client
) -> None:
    assert refused(ask(server, bound)) == BAD
    assert ask(server, bound, Prover(server).proof()).json()["token_type"] == "DPoP"


def test_an_application_that_no_longer_needs_proofs_gets_plain_tokens_again(
    server: InProcessServer,
) -> None:
    client, environment = require(server, server.register()), server.environment()
    assert refused(ask(server, client)) == BAD

    applications.change(
        environment.context,
        OPERATOR,
        client.application.id,
        None,
        dpop_bound_access_tokens=False,
    )
    environment.catch_up()

    assert ask(server, client).json()["token_type"] == "Bearer"


@SPEC
def test_two_proofs_in_one_request_are_none(server: InProcessServer, client: Client) -> None:
    one, other = Prover(server), Prover(server)

    for proofs in ((one.proof(), one.proof()), (one.proof(), other.proof()), ("", one.proof())):
        assert refused(ask(server, client, *proofs)) == BAD
    same = one.proof()
    assert refused(ask(server, client, same, same)) == BAD


@SPEC
@pytest.mark.parametrize(
    "url",
    [
        ADDRESS,
        ADDRESS.rstrip("/"),
        ADDRESS + "?a=b",
        ADDRESS + "#a",
        ADDRESS.replace("http://localhost", "HTTP://LOCALHOST"),
        URL[LIVE] + "/oauth2/x/../%74oken/",
    ],
)
def test_an_address_that_is_the_same_is_accepted(
    server: InProcessServer, client: Client, url: str
) -> None:
    proof = Prover(server).proof(url=url)

    assert ask(server, client, proof).status_code == 200


def reasons(environment: ServedEnvironment, client: Client) -> list[str]:
    """Return why requests of a client were refused since this was last asked."""
    batch = environment.usage.take(0.0)
    found = batch.refusals if batch else {}
    return [each.reason for each in found if each.application_id == client.application.id]


WRONG: dict[str, tuple[dict[str, object], dict[str, object], str]] = {
    "another method": ({}, {"htm": "GET"}, "dpop_method"),
    "a method in lower case": ({}, {"htm": "post"}, "dpop_method"),
    "the issuer": ({}, {"htu": URL[LIVE]}, "dpop_url"),
    "the other environment": ({}, {"htu": URL[TEST] + TOKEN}, "dpop_url"),
    "another path": ({}, {"htu": URL[LIVE] + "/oauth2/introspect/"}, "dpop_url"),
    "another host": ({}, {"htu": "https://other.example" + TOKEN}, "dpop_url"),
    "a path in other letters": ({}, {"htu": ADDRESS.replace("token", "TOKEN")}, "dpop_url"),
    "an address that is none": ({}, {"htu": "token"}, "dpop_url"),
    "no htm": ({}, {"htm": None}, "dpop_malformed"),
    "no htu": ({}, {"htu": None}, "dpop_malformed"),
    "no jti": ({}, {"jti": None}, "dpop_malformed"),
    "no iat": ({}, {"iat": None}, "dpop_malformed"),
    "a long jti": ({}, {"jti": "a" * 257}, "dpop_malformed"),
    "an iat of text": ({}, {"iat": "1"}, "dpop_malformed"),
    "an old iat": ({}, {"iat": 1}, "dpop_time"),
    "an iat in the future": ({}, {"iat": 2**40}, "dpop_time"),
    "another type": ({"typ": "JWT"}, {}, "dpop_malformed"),
    "no type": ({"typ": None}, {}, "dpop_malformed"),
    "no key": ({"jwk": None}, {}, "dpop_malformed"),
    "another algorithm": ({"alg": "ES384"}, {}, "dpop_signature"),
    "a symmetric algorithm": ({"alg": "HS256"}, {}, "dpop_malformed"),
    "no algorithm": ({"alg": "none"}, {}, "dpop_malformed"),
    "another key": ({"jwk": Prover().private.public_jwk()}, {}, "dpop_signature"),
    "a private key": ({"jwk": Prover().private.private_jwk()}, {}, "dpop_key"),
    "a symmetric key": ({"jwk": {"kty": "oct", "k": "AAAA"}}, {}, "dpop_key"),
}


@SPEC
@pytest.mark.spec("RFC 9449", "5")
@pytest.mark.parametrize(("header", "claims", "reason"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_proof_is_refused_and_the_owner_sees_why(
    server: InProcessServer,
    header: dict[str, object],
    claims: dict[str, object],
    reason: str,
) -> None:
    client, environment = server.register(), server.environment()

    answer = ask(server, client, Prover(server).proof(claims, header))

    assert refused(answer) == BAD
    assert reasons(environment, client) == [reason]


@pytest.mark.spec("RFC 9449", "11.1")
def test_a_proof_is_accepted_once(server: InProcessServer, client: Client) -> None:
    prover = Prover(server)
    proof = prover.proof()

    assert ask(server, client, proof).status_code == 200
    assert refused(ask(server, client, proof)) == BAD
    assert ask(server, client, prover.proof()).status_code == 200


def test_a_refused_proof_is_not_used_up(server: InProcessServer, client: Client) -> None:
    prover = Prover(server)

    assert refused(ask(server, client, prover.proof({"jti": "one", "htm": "GET"}))) == BAD
    assert ask(server, client, prover.proof({"jti": "one"})).status_code == 200


def test_a_caller_that_is_not_authenticated_learns_nothing_about_its_proof(
    server: InProcessServer, client: Client, bound: Client
) -> None:
    wrong = client.having(type(client.secret)("gps_live_wrong"))
    good, bad = Prover(server).proof(), "x"

    answers = [ask(server, wrong, *proofs) for proofs in ((), (good,), (bad,), (bad, bad))]
    answers.append(ask(server, bound.having(wrong.secret)))

    assert {each.content for each in answers} == {answers[0].content}
    assert {each.status_code for each in answers} == {401}


def test_a_proof_is_old_after_a_minute(fresh_server: InProcessServer) -> None:
    client, prover = fresh_server.register(), Prover(fresh_server)
    proof, other = prover.proof(), prover.proof()
    fresh_server.clock.advance(LONGEST_AGE)

    assert ask(fresh_server, client, proof).status_code == 200
    fresh_server.clock.advance(1)

    assert refused(ask(fresh_server, client, other)) == BAD


def test_memory_of_used_proofs_is_bounded_and_is_free_again_after_their_time() -> None:
    proofs, prover = Proofs(most=8), Prover()
    now = prover.now()
    target = Target("POST", (ADDRESS,))

    def fill() -> None:
        for _ in range(9):
            proofs.check(prover.proof({"iat": int(now)}), target, now)

    with pytest.raises(OAuthError) as caught:
        fill()
    kept = len(proofs)
    later = now + 200
    proofs.check(prover.proof({"iat": int(later)}), target, later)

    assert caught.value.status == 503
    assert kept == 8
    assert len(proofs) == 1


@pytest.mark.spec("RFC 9449", "5.1")
def test_the_metadata_names_the_algorithms_of_proofs(server: InProcessServer) -> None:
    found = server.send("GET", AUTHORIZATION_SERVER).json()

    assert set(found["dpop_signing_alg_values_supported"]) == set(OF_CLIENTS)


def test_a_server_without_dpop_ignores_proofs_and_names_no_algorithms(tmp_path: Path) -> None:
    with open_passive_server(tmp_path, production={"dpop": False}) as server:
        client = server.register()
        answer = ask(server, client, Prover(server).proof()).json()
        found = server.send("GET", AUTHORIZATION_SERVER).json()
        needing = ask(server, require(server, server.register()), Prover(server).proof())

    assert answer["token_type"] == "Bearer"
    assert "dpop_signing_alg_values_supported" not in found
    assert refused(needing) == (503, "temporarily_unavailable")


@pytest.mark.spec("RFC 9449", "8")
def test_with_nonces_a_proof_needs_the_one_of_the_first_refusal(tmp_path: Path) -> None:
    with open_passive_server(tmp_path, production={"dpop_nonces": True}) as server:
        client, prover = server.register(), Prover(server)
        first = ask(server, client, prover.proof())
        nonce = first.headers["DPoP-Nonce"]
        second = ask(server, client, prover.proof({"nonce": nonce}))
        other = ask(server, client, prover.proof({"nonce": "a" * 22}))
        of_the_sandbox = server.environment(TEST).proofs
        refusals = reasons(server.environment(), client)

    assert refused(first) == refused(other) == (400, "use_dpop_nonce")
    assert other.headers["DPoP-Nonce"] == nonce
    assert second.json()["token_type"] == "DPoP"
    assert "DPoP-Nonce" not in second.headers
    assert of_the_sandbox is not None
    assert not of_the_sandbox.nonce(0.0)
    assert not refusals


@pytest.mark.spec("RFC 9449", "8.2")
def test_nonces_change_and_the_one_before_is_good_for_a_while(tmp_path: Path) -> None:
    with open_passive_server(tmp_path, production={"dpop_nonces": True}) as server:
        client, prover = server.register(), Prover(server)
        nonce = ask(server, client, prover.proof()).headers["DPoP-Nonce"]
        server.clock.advance(120)
        second = ask(server, client, prover.proof({"nonce": nonce}))
        server.clock.advance(120)
        third = ask(server, client, prover.proof({"nonce": nonce}))

    assert second.status_code == 200
    assert second.headers["DPoP-Nonce"] == third.headers["DPoP-Nonce"] or nonce not in (
        second.headers["DPoP-Nonce"],
        third.headers["DPoP-Nonce"],
    )
    assert refused(third) == (400, "use_dpop_nonce")


def test_all_processes_with_one_master_key_agree_on_nonces_also_while_it_is_rotated() -> None:
    old, new = (MasterKey(letter * 32) for letter in (b"o", b"n"))
    both = MasterKey(b"n" * 32, b"o" * 32)
    one, other, rotated = (Proofs(each.derived("dpop nonces")) for each in (old, old, both))
    prover, target = Prover(), Target("POST", (ADDRESS,))
    now = prover.now()

    assert one.nonce(now) == other.nonce(now) != rotated.nonce(now)
    assert rotated.nonce(now) == Proofs(new.derived("dpop nonces")).nonce(now)
    for each in (one.nonce(now), rotated.nonce(now)):
        assert rotated.check(prover.proof({"nonce": each}), target, now).jkt == prover.jkt
    with pytest.raises(OAuthError, match="use_dpop_nonce"):
        one.check(prover.proof({"nonce": rotated.nonce(now)}), target, now)


@pytest.mark.spec("RFC 8705", "5")
def test_a_proof_may_name_the_address_at_which_certificates_are_asked_for(tmp_path: Path) -> None:
    base = "https://mtls.example"
    with open_passive_server(tmp_path, production={"mtls_url": base}) as server:
        client, prover = server.register(), Prover(server)

        found = [
            ask(server, client, prover.proof(url=each + TOKEN)).status_code
            for each in (base, URL[LIVE], "https://other.example")
        ]

    assert found == [200, 200, 400]
