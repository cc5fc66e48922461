"""openid-client (npm), as its documentation shows it."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from clients.partner import Partner

_PROGRAM = Path(__file__).parent / "openid_client.mjs"
METHODS = ["ClientSecretBasic", "ClientSecretPost"]


def run(node: str, partner: Partner, secret: str, method: str) -> dict[str, Any]:
    given = {
        "issuer": partner.issuer,
        "client_id": partner.client_id,
        "secret": secret,
        "method": method,
        "api_url": partner.api_url,
    }
    ran = subprocess.run(
        [node, str(_PROGRAM)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    outcome: dict[str, Any] = json.loads(ran.stdout)
    return outcome


@pytest.mark.spec("RFC 8414", "3")
@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.spec("RFC 7009", "2.1")
@pytest.mark.parametrize("method", METHODS)
def test_openid_client_discovers_gets_a_token_calls_introspects_and_revokes(
    node: str, partner: Partner, method: str
) -> None:
    assert run(node, partner, partner.secret, method) == {
        "issuer": partner.issuer,
        "token_type": "bearer",  # as the library writes it
        "expires_in": 36000,
        "scope": "read",
        "called": {"status": 200, "id": partner.org_id},
        "introspected": {"active": True, "client_id": partner.client_id},
        "after": {"status": 401, "error": "invalid_token"},
    }


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("method", METHODS)
def test_openid_client_with_a_wrong_secret_is_told_so(
    node: str, partner: Partner, method: str
) -> None:
    outcome = run(node, partner, "wrong", method)

    assert outcome["status"] == 401
    assert (
        outcome["failed"]
        == {
            "ClientSecretBasic": "WWWAuthenticateChallengeError",
            "ClientSecretPost": "ResponseBodyError",
        }[method]
    )
