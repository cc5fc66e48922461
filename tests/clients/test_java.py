"""The HTTP client of the JDK with its defaults: it offers h2c on a connection in clear."""

import shutil
import subprocess
from pathlib import Path

import pytest

from clients.partner import Partner
from commands import clean_variables

_PROGRAM = Path(__file__).parent / "TokenClient.java"

pytestmark = pytest.mark.skipif(
    not shutil.which("javac"), reason="a JDK is missing: apt install default-jdk-headless"
)


@pytest.mark.spec("RFC 9110", "7.8")
@pytest.mark.parametrize("body", ["form", "json"])
def test_the_jdks_client_gets_a_token_calls_the_api_and_revokes_it(
    partner: Partner, body: str
) -> None:
    where = (partner.token_url, partner.api_url, partner.revoke_url, partner.client_id, body)
    ran = subprocess.run(
        ["java", "-XX:TieredStopAtLevel=1", str(_PROGRAM), *where],
        input=f"{partner.secret}\n",
        capture_output=True,
        env=clean_variables(),
        text=True,
        check=False,
        timeout=120,
    )

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines() == ["token 200", "api 200", "revoke 200", "api 401"]
