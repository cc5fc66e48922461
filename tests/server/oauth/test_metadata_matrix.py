"""The metadata says how clients may authenticate and bind tokens by these settings, no more."""

from pathlib import Path
from typing import Any

import pytest

from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.tokens.profile import ALGORITHMS as STRICT
from gatepass.wire.metadata import AUTHORIZATION_SERVER
from server.fixtures import open_passive_server

SECRETS = {"client_secret_basic", "client_secret_post"}
ENDPOINTS = ("token_endpoint", "revocation_endpoint", "introspection_endpoint")


@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.spec("RFC 9449", "5.1")
@pytest.mark.parametrize("profile", ["", "fapi2"])
@pytest.mark.parametrize("dpop", [True, False])
@pytest.mark.parametrize("private_key_jwt", [True, False])
def test_the_metadata_offers_what_the_settings_allow(
    tmp_path: Path, profile: str, *, private_key_jwt: bool, dpop: bool
) -> None:
    given: dict[str, Any] = {"profile": profile, "dpop": dpop, "private_key_jwt": private_key_jwt}
    production = EnvironmentSettings(**given)
    with open_passive_server(tmp_path / "data", production=production) as server:
        document = server.send("GET", AUTHORIZATION_SERVER).json()
    algorithms = sorted(STRICT if profile else OF_CLIENTS)
    methods = (set() if profile else SECRETS) | ({"private_key_jwt"} if private_key_jwt else set())

    assert set(document["token_endpoint_auth_methods_supported"]) == methods
    assert set(document["revocation_endpoint_auth_methods_supported"]) == methods
    assert set(document["introspection_endpoint_auth_methods_supported"]) == methods | {"Bearer"}
    assert document.get("dpop_signing_alg_values_supported") == (algorithms if dpop else None)
    for endpoint in ENDPOINTS:
        signed = document.get(f"{endpoint}_auth_signing_alg_values_supported")
        assert signed == (algorithms if private_key_jwt else None)
    assert ("secret_rotation_endpoint" in document) is (not profile)
    assert document["introspection_signing_alg_values_supported"] == ["ES256"]
    assert "mtls_endpoint_aliases" not in document  # certificates are not taken here
    assert "none" not in str(document)
