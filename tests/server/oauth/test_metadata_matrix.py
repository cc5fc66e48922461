"""The metadata says how clients may authenticate and bind tokens by these settings, no more."""

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gatepass.jose.algorithms import OF_CLIENTS
from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.tokens.profile import ALGORITHMS as STRICT
from gatepass.wire.metadata import AUTHORIZATION_SERVER
from server.fixtures import open_passive_server

SECRETS = {"client_secret_basic", "client_secret_post"}
ENDPOINTS = ("token_endpoint", "revocation_endpoint", "introspection_endpoint")


class Offered(NamedTuple):
    """What the settings of an environment offer."""

    profile: str
    private_key_jwt: bool
    dpop: bool
    certificates: bool

    def is_met(self) -> bool:
        """Return whether a client can do what the profile asks; other settings are refused."""
        return not self.profile or (
            (self.private_key_jwt or self.certificates) and (self.dpop or self.certificates)
        )


_EITHER = (True, False)
_ALL = [Offered(*each) for each in product(("", "fapi2"), _EITHER, _EITHER, _EITHER)]


@pytest.mark.spec("RFC 8414", "2")
@pytest.mark.spec("RFC 8705", "3.3")
@pytest.mark.spec("RFC 9449", "5.1")
@pytest.mark.parametrize("offered", [each for each in _ALL if each.is_met()])
def test_the_metadata_offers_what_the_settings_allow(tmp_path: Path, offered: Offered) -> None:
    profile, private_key_jwt, dpop, certificates = offered
    given: dict[str, Any] = {"profile": profile, "dpop": dpop, "private_key_jwt": private_key_jwt}
    settings: dict[str, Any] = {"production": EnvironmentSettings(**given)}
    if certificates:
        settings |= {"proxy_certificates": {"header": "X-Client-Cert"}}
        settings |= {"trusted_proxies": ("10.0.0.1",)}
    with open_passive_server(tmp_path / "data", **settings) as server:
        document = server.send("GET", AUTHORIZATION_SERVER).json()
    algorithms = sorted(STRICT if profile else OF_CLIENTS)
    methods = (set() if profile else SECRETS) | ({"private_key_jwt"} if private_key_jwt else set())
    methods |= {"self_signed_tls_client_auth"} if certificates else set()

    assert set(document["token_endpoint_auth_methods_supported"]) == methods
    assert set(document["revocation_endpoint_auth_methods_supported"]) == methods
    assert set(document["introspection_endpoint_auth_methods_supported"]) == methods | {"Bearer"}
    assert document.get("dpop_signing_alg_values_supported") == (algorithms if dpop else None)
    for endpoint in ENDPOINTS:
        signed = document.get(f"{endpoint}_auth_signing_alg_values_supported")
        assert signed == (algorithms if private_key_jwt else None)
    assert document.get("tls_client_certificate_bound_access_tokens", False) is certificates
    assert ("secret_rotation_endpoint" in document) is (not profile)
    assert document["introspection_signing_alg_values_supported"] == ["ES256"]
    assert "mtls_endpoint_aliases" not in document  # no address of its own is set
    assert "none" not in str(document)
