"""The FAPI 2.0 Security Profile, for one application and for a whole environment."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.model import KeySetting
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import AUTHORIZATION_SERVER, INTROSPECT, REVOKE, ROTATE_SECRET, TOKEN
from gatepass.wire.scope import Scope
from server.assertions import KeyClient, with_key
from server.fixtures import (
    GRANT,
    INTROSPECTION,
    InProcessServer,
    open_passive_server,
    refused,
)
from server.proofs import Prover

REFUSED = (401, "invalid_client")
NO_PROOF = (400, "invalid_dpop_proof")


def set_profile(server: InProcessServer, by: KeyClient, profile: str = "fapi2") -> KeyClient:
    environment = server.environment()
    app_id = by.client.application.id
    applications.change(environment.context, OPERATOR, app_id, None, profile=profile)
    environment.catch_up()
    return by


@pytest.fixture(scope="module")
def strict(server: InProcessServer) -> KeyClient:
    """An application with a secret and a key, for which the profile holds."""
    return set_profile(server, with_key(server))


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    """A server of which production follows the profile."""
    folder = tmp_path_factory.mktemp("strict") / "data"
    with open_passive_server(folder, production=EnvironmentSettings(profile="fapi2")) as opened:
        yield opened


def ask(
    server: InProcessServer, by: KeyClient, *proofs: str, text: str = "", path: str = TOKEN
) -> Response:
    headers = [("DPoP", each) for each in proofs]
    return server.post(path, data=GRANT | by.form(text), headers=headers)


def test_a_signed_request_with_a_proof_gets_a_bound_token(
    server: InProcessServer, strict: KeyClient
) -> None:
    answer = ask(server, strict, Prover(server).proof())

    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"


def test_a_request_without_a_proof_is_refused(server: InProcessServer, strict: KeyClient) -> None:
    assert refused(ask(server, strict)) == NO_PROOF


@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT, ROTATE_SECRET])
def test_the_secret_is_refused_everywhere(
    server: InProcessServer, strict: KeyClient, path: str
) -> None:
    headers = [("DPoP", Prover(server).proof())]
    form = GRANT | {"token": "x"}

    answer = server.post(path, by=strict.client, data=form, headers=headers)
    wrong = server.post(
        path, data=form | {"client_id": strict.client.client_id, "client_secret": "x"}
    )

    assert refused(answer) == refused(wrong) == REFUSED
    assert answer.content == wrong.content


@pytest.mark.parametrize(
    ("alg", "is_accepted"),
    [
        ("ES256", True),
        ("PS256", True),
        ("Ed25519", True),
        ("RS256", False),
        ("PS384", False),
        ("ES384", False),
    ],
)
def test_few_algorithms_sign(server: InProcessServer, alg: str, *, is_accepted: bool) -> None:
    by = set_profile(server, with_key(server, alg=alg))
    other = set_profile(server, with_key(server))

    assertion = ask(server, by, Prover(server).proof())
    proof = ask(server, other, Prover(server, alg).proof())

    if is_accepted:
        assert (assertion.status_code, proof.status_code) == (200, 200)
    else:
        assert (refused(assertion), refused(proof)) == (REFUSED, NO_PROOF)


def test_the_audience_is_the_issuer_as_a_text_even_where_another_is_allowed(
    server: InProcessServer,
) -> None:
    by = with_key(server)
    environment, app_id = server.environment(), by.client.application.id
    older = KeySetting(legacy_audience=True)
    keys.change_setting(environment.context, OPERATOR, app_id, None, older)
    set_profile(server, by)
    issuer = environment.issuer
    wrong: list[object] = [[issuer], issuer + TOKEN, [issuer, issuer + TOKEN], issuer + "/"]

    for audience in wrong:
        proof = Prover(server).proof()
        assert refused(ask(server, by, proof, text=by.assertion(aud=audience))) == REFUSED
    assert ask(server, by, Prover(server).proof()).status_code == 200


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize(("ahead", "is_accepted"), [(0, True), (10, True), (61, False)])
def test_a_clock_may_be_ahead_by_ten_seconds_and_never_by_sixty(
    server: InProcessServer, strict: KeyClient, claim: str, ahead: int, *, is_accepted: bool
) -> None:
    now = int(server.clock())
    claims: dict[str, Any] = {claim: now + ahead, "exp": now + 120}
    text = strict.assertion(**claims)

    answer = ask(server, strict, Prover(server).proof(), text=text)

    assert (answer.status_code == 200) is is_accepted


def test_while_the_database_is_away_assertions_are_refused_and_not_remembered_alone(
    fresh_server: InProcessServer,
) -> None:
    by = set_profile(fresh_server, with_key(fresh_server))
    assert ask(fresh_server, by, Prover(fresh_server).proof()).status_code == 200
    fresh_server.lose_database()

    answer = ask(fresh_server, by, Prover(fresh_server).proof())

    assert refused(answer) == (503, "temporarily_unavailable")


def test_without_the_profile_the_secret_works_again(server: InProcessServer) -> None:
    by = set_profile(server, with_key(server))
    assert refused(server.post(TOKEN, by=by.client, data=GRANT)) == REFUSED

    set_profile(server, by, "none")

    assert server.post(TOKEN, by=by.client, data=GRANT).status_code == 200


def test_a_profile_that_does_not_exist_is_refused(server: InProcessServer) -> None:
    with pytest.raises(OAuthError, match="Choose one of none, fapi2"):
        set_profile(server, with_key(server), "fapi3")


def test_in_a_strict_environment_the_profile_holds_for_every_application(
    strict_server: InProcessServer,
) -> None:
    by, rsa = with_key(strict_server), with_key(strict_server, alg="RS256")

    assert refused(strict_server.post(TOKEN, by=by.client, data=GRANT)) == REFUSED
    assert refused(ask(strict_server, by)) == NO_PROOF
    assert refused(ask(strict_server, rsa, Prover(strict_server).proof())) == REFUSED
    answer = ask(strict_server, by, Prover(strict_server).proof())
    assert answer.json()["token_type"] == "DPoP"


@pytest.mark.spec("RFC 8414", "2")
def test_the_metadata_of_a_strict_environment_offers_what_it_accepts_and_nothing_else(
    strict_server: InProcessServer,
) -> None:
    document: dict[str, Any] = strict_server.send("GET", AUTHORIZATION_SERVER).json()
    offered = {name: value for name, value in document.items() if "alg_values" in name}
    methods = {name: value for name, value in document.items() if "auth_methods" in name}

    assert "secret_rotation_endpoint" not in document
    assert not any("client_secret" in each for value in methods.values() for each in value)
    assert all("private_key_jwt" in value for value in methods.values())
    assert offered["token_endpoint_auth_signing_alg_values_supported"]
    for value in offered.values():
        assert set(value) <= {"ES256", "PS256", "Ed25519", "EdDSA"}


def by_rs256(server: InProcessServer) -> str:
    """Add a resource whose tokens are signed by RS256; return its scope."""
    environment = server.environment()
    name = f"meters:{secrets.token_hex(4)}"
    uri = f"https://{name.replace(':', '-')}.example"
    catalogue.add_resource(environment.context, OPERATOR, uri, "Meters", "jwt", "RS256")
    catalogue.add_scope(
        environment.context, OPERATOR, CataloguedScope(name, "Meters", False, False, uri)
    )
    environment.catch_up()
    return name


def test_no_token_is_signed_by_rs256(fresh_server: InProcessServer) -> None:
    name = by_rs256(fresh_server)
    both = Scope((name, *INTROSPECTION.names))
    client = fresh_server.register(scope=both, allowed=both)
    by = with_key(fresh_server, client)
    before = fresh_server.post(TOKEN, data=GRANT | by.form(scope=name))
    set_profile(fresh_server, by)

    def answer(scope: str) -> Response:
        headers = [("DPoP", Prover(fresh_server).proof())]
        return fresh_server.post(TOKEN, data=GRANT | by.form(scope=scope), headers=headers)

    assert before.status_code == 200, before.text
    assert refused(answer(name)) == (400, "invalid_target")
    assert answer(str(INTROSPECTION)).status_code == 200


def test_no_introspection_response_is_signed_by_rs256(fresh_server: InProcessServer) -> None:
    by_rs256(fresh_server)
    by = with_key(fresh_server)
    environment, app_id = fresh_server.environment(), by.client.application.id

    def choose(alg: str) -> KeyClient:
        applications.change(
            environment.context, OPERATOR, app_id, None, introspection_signed_response_alg=alg
        )
        environment.catch_up()
        return by

    def answer() -> Response:
        return fresh_server.post(INTROSPECT, data={"token": "x"} | by.form())

    choose("RS256")
    before = answer()
    set_profile(fresh_server, by)

    assert before.status_code == 200, before.text
    assert refused(answer()) == (400, "invalid_request")
    choose("ES256")
    assert answer().status_code == 200


def test_the_metadata_of_a_strict_environment_names_no_rs256_though_it_has_a_key(
    tmp_path: Path,
) -> None:
    with open_passive_server(tmp_path / "data") as server:
        by_rs256(server)
    with open_passive_server(
        tmp_path / "data", production=EnvironmentSettings(profile="fapi2")
    ) as server:
        assert "RS256" in server.environment().keys.signing_keys
        assert "RS256" not in server.send("GET", AUTHORIZATION_SERVER).text


def test_a_proof_by_rs256_is_refused_where_a_token_is_presented_too(
    strict_server: InProcessServer,
) -> None:
    """The same key may sign by PS256 as well: it is the one that the token is bound to."""
    prover = Prover(strict_server, "PS256")
    client = strict_server.register(scope=INTROSPECTION, allowed=INTROSPECTION)
    answer = ask(strict_server, with_key(strict_server, client), prover.proof())
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    url = strict_server.environment().issuer + INTROSPECT

    def introspect(private: PrivateKey) -> Response:
        prover.private = private
        proof = prover.proof(url=url, token=token)
        headers = [("Authorization", f"DPoP {token}"), ("DPoP", proof)]
        return strict_server.post(INTROSPECT, data={"token": token}, headers=headers)

    own = prover.private
    other = PrivateKey.from_pem(own.pem().encode(), "RS256", own.kid)

    assert introspect(own).status_code == 200
    assert refused(introspect(other)) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "settings", [{"algorithm": "RS256"}, {"profile": "fapi"}, {"profile": None}]
)
def test_settings_that_break_the_profile_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"profile|fapi2"):
        EnvironmentSettings.model_validate({"profile": "fapi2"} | settings)


def test_the_profile_is_kept_over_a_restart(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as first:
        by = set_profile(first, with_key(first))
    with open_passive_server(tmp_path / "data") as second:
        assert refused(ask(second, by)) == NO_PROOF
