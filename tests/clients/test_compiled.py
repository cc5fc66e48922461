"""Clients of Go and Java with keys and certificates, unmodified: `make test-clients` runs them.

They need a Go, a JDK with Maven, and the first time a while for their packages.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from clients.mutual.setting import METHODS, Mutual, mutual
from clients.partner import Partner
from clients.test_keys import PrivateJwk, key
from commands import clean_variables

GO, JAVA = Path(__file__).parent / "go", Path(__file__).parent / "java"
_MAVEN = ["mvn", "-q", "-B", "compile", "dependency:build-classpath"]
_CLASSPATH = JAVA / "target" / "classpath.txt"

__all__ = ["key", "mutual"]  # fixtures

pytestmark = pytest.mark.skipif(
    not os.environ.get("COMPILED_CLIENTS"), reason="make test-clients runs these"
)


def run(command: list[str], folder: Path, text: str = "") -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=clean_variables(),
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="session")
def classes() -> str:
    """The class path of the Java clients, compiled."""
    if not shutil.which("mvn"):
        pytest.skip("Maven is missing: apt install maven")
    run([*_MAVEN, f"-Dmdep.outputFile={_CLASSPATH}"], JAVA)
    return f"{JAVA / 'target' / 'classes'}:{_CLASSPATH.read_text().strip()}"


@pytest.fixture
def go() -> str:
    found = shutil.which("go")
    if not found:
        pytest.skip("Go is missing: apt install golang")
    return found


@pytest.mark.spec("RFC 7523", "2.2")
def test_x_oauth2_of_go_gets_a_token_and_calls_the_api(
    go: str, partner: Partner, key: PrivateJwk
) -> None:
    given = {
        "issuer": partner.issuer,
        "token_url": partner.token_url,
        "client_id": partner.client_id,
        "api_url": partner.api_url,
        "key": key,
    }

    printed = run([go, "run", "."], GO, json.dumps(given))

    assert printed.split() == ["Bearer", "200", partner.org_id]


@pytest.mark.spec("RFC 7523", "2.2")
@pytest.mark.parametrize(
    ("name", "token_type"), [("NimbusClient", "DPoP"), ("SpringClient", "Bearer")]
)
def test_a_client_of_java_gets_a_token_and_calls_the_api(
    classes: str,
    partner: Partner,
    key: PrivateJwk,
    name: str,
    token_type: str,
) -> None:
    given = (partner.issuer, partner.token_url, partner.client_id, partner.api_url, json.dumps(key))

    printed = run(["java", "-cp", classes, name], JAVA, "\n".join(given))

    assert printed.split() == [token_type, "200"]


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.parametrize("method", METHODS)
def test_x_oauth2_of_go_gets_a_token_that_is_of_use_with_its_certificate_alone(
    go: str, mutual: Mutual, method: str
) -> None:
    printed = run([go, "run", "./mutual"], GO, json.dumps(mutual.given(method)))

    assert printed.split() == ["Bearer", "200", "401"]


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["NimbusMutualClient", "SpringMutualClient"])
def test_a_client_of_java_gets_a_token_that_is_of_use_with_its_certificate_alone(
    classes: str, mutual: Mutual, name: str, method: str
) -> None:
    client = mutual.clients[method]
    stores = (str(client.store), str(mutual.other_store))
    given = (mutual.issuer, client.client_id, mutual.api_url, method, *stores)
    trusted = f"-Djavax.net.ssl.trustStore={mutual.root_store}"

    printed = run(["java", trusted, "-cp", classes, name], JAVA, "\n".join(given))

    assert printed.split() == ["Bearer", "200", "401"]
