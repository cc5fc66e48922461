"""What holds for every address: unsupported methods are refused, and every body says what it is."""

import pytest

from gatepass.wire.metadata import INTROSPECT, JWKS, PARTNER_API, REVOKE, TOKEN, VERIFY
from server.fixtures import InProcessServer

PATHS = [
    *("/", "/accounts/login/", "/healthz", "/readyz"),
    *(TOKEN, REVOKE, INTROSPECT, JWKS, f"{PARTNER_API}/docs"),
]
WORD = "said-by-the-caller"


@pytest.mark.spec("ASVS", "13.4.4")
@pytest.mark.spec("ASVS", "4.1.4")
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "DEBUG", "PROPFIND"])
@pytest.mark.parametrize("path", PATHS)
def test_trace_and_the_like_are_refused_and_repeat_nothing(
    server: InProcessServer, path: str, method: str
) -> None:
    answer = server.send(method, path, headers={"X-Word": WORD})

    assert answer.status_code in {404, 405, 501}
    assert WORD not in answer.text + str(answer.headers)


@pytest.mark.spec("ASVS", "4.1.1")
@pytest.mark.parametrize("method", ["GET", "POST", "TRACE"])
@pytest.mark.parametrize(
    "path", [*PATHS, VERIFY, "/nothing", "/metrics", f"{PARTNER_API}/openapi.json"]
)
def test_every_body_has_a_type_and_every_text_its_charset(
    server: InProcessServer, path: str, method: str
) -> None:
    answer = server.send(method, path)
    media_type = answer.headers.get("content-type", "")

    assert media_type or not answer.content
    assert not media_type.startswith("text/") or media_type.endswith("; charset=utf-8")


@pytest.mark.spec("ASVS", "4.1.1")
def test_the_refusal_of_an_unknown_host_says_what_it_is(server: InProcessServer) -> None:
    answer = server.send("GET", "/", headers={"Host": "elsewhere.example"})

    assert answer.status_code == 421
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
