"""The pages of tasks: every example on them runs, and does what the page says."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.page import ROOT, TASKS, Block, Reader, play
from gatepass.testing import FakeServer
from server_process import free_ports

# What is not played here, and why.
ELSEWHERE = {
    "a-leaked-secret.md": "without examples; test_leaked_secret.py of the portal does it",
    "authenticate-with-a-certificate.md": "tests/stories/processes/test_tls.py does it",
    "accept-bound-tokens.md": "test_bound_tokens_page.py does it",
    "move-from-a-secret-to-a-key.md": "without examples; test_methods.py of the portal does it",
    "authenticate-with-a-key.md": "without examples; test_keys.py of the portal does it",
    "bind-tokens-to-a-key.md": "tests/server/oauth/token/test_dpop.py does it",
    "fapi-2.md": "tests/server/oauth/token/test_fapi2.py does it",
    "call-with-a-key.md": "tests/client/keys/test_examples.py runs its examples",
    "choose-a-language.md": "without examples; test_languages.py of the portal does it",
    "come-from-django-oauth-toolkit.md": "its commands are those of tests/stories",
    "copy-an-application.md": "without examples; tests/browser/test_copying.py does it",
    "never-commit-credentials.md": "its commands are those of tests/client/scanner/test_scan.py",
    "protect-an-api-behind-a-gateway.md": "test_gateways_page.py and tests/gateways do",
    "single-sign-on.md": "without examples; tests/browser/test_single_sign_on.py does it",
    "verify-tokens-with-another-library.md": "it needs three toolchains; it was run by hand",
}
TOKEN_URL = "https://login.example.com/oauth2/token/"
API = "https://api.example.com"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer("acme-billing", "s+e c%r/e=t&x~") as running:
        yield running


def reader_of(server: FakeServer, folder: Path, **instead: str) -> Reader:
    """Return a reader for whom the pretend server is the one of the pages."""
    return Reader(
        folder,
        {TOKEN_URL: server.token_url, API: server.api_url} | instead,
        server.environ,
        server.secrets[0],
    )


def test_every_page_is_played_or_it_is_said_why_not() -> None:
    played = "".join(each.read_text() for each in Path(__file__).parent.glob("test_*.py"))

    for page in set(TASKS.glob("*.md")) - {TASKS / "index.md"}:  # which has no example
        assert page.name in ELSEWHERE or f'"{page.name}"' in played


def test_call_a_partner_api(server: FakeServer, tmp_path: Path) -> None:
    with reader_of(server, tmp_path, **{"pip install gatepass": "true"}) as reader:
        list(play("call-a-partner-api.md", reader, {}))

    assert all(called.accepted for called in server.api_requests)


# What a reader of the page about Django has already.
WSGI = """
from django.conf import settings
from django.core.wsgi import get_wsgi_application

settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF="mysite.urls", SECRET_KEY="x", USE_I18N=False
)
application = get_wsgi_application()
"""
URLS = """
from django.urls import path
from views import meters

urlpatterns = [path("meters", meters)]
"""
# A broker that needs no server; all else is Celery's own.
BROKER = """broker="filesystem://", changes={
    "broker_transport_options": {"data_folder_in": "broker", "data_folder_out": "broker"},
    "worker_hijack_root_logger": False,
}"""
PORTS = ("8000", "8010", "8020")


def test_keep_a_token_fresh(server: FakeServer, tmp_path: Path) -> None:
    site = tmp_path / "mysite"
    site.mkdir()
    (site / "wsgi.py").write_text(WSGI)
    (site / "urls.py").write_text(URLS)
    (tmp_path / "broker").mkdir()
    ports = {port: str(free_ports()) for port in PORTS}
    with reader_of(server, tmp_path, **ports, **{'broker="redis://localhost"': BROKER}) as reader:
        for _ in play("keep-a-token-fresh.md", reader, {}):
            pass
        # Celery's tasks are done in their own time; the calls before them were counted above.
        server.wait_for_api_requests(5 + 3 + 6 + 1)
    assert all(called.accepted for called in server.api_requests)
    # One of all processes that share the cache; worker, notebook and last example have none.
    assert len(server.token_requests) == 1 + 3


def test_log_and_monitor_the_client(
    server: FakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("gatepass.client")
    level = logger.level
    with reader_of(server, tmp_path) as reader:
        list(play("log-and-monitor-the-client.md", reader, {}))

    logger.setLevel(level)
    printed = capsys.readouterr().out
    assert "a token for 3600 s" in printed
    assert "page somebody: invalid_client 401" in printed


def test_every_line_of_the_log_is_one_that_the_client_writes() -> None:
    page = (TASKS / "log-and-monitor-the-client.md").read_text()
    source = "".join(each.read_text() for each in (ROOT / "src/gatepass/client").rglob("*.py"))
    written = source.replace('"\n        "', "")

    lines = re.findall(r"^\| (?:INFO|WARNING|ERROR) \| `(.*?)`", page, re.MULTILINE)
    pieces = [piece.strip() for line in lines for piece in re.split(r"\.\.\.|;", line)]

    assert len(lines) == 11
    assert [piece for piece in pieces if piece not in written] == []


def test_test_your_program(server: FakeServer, tmp_path: Path) -> None:
    with reader_of(server, tmp_path) as reader:
        list(play("test-your-program.md", reader, {}))


def test_a_page_fails_where_something_else_is_printed(tmp_path: Path) -> None:
    with Reader(tmp_path, {}, {}) as reader:
        reader.play(Block(1, "console", "$ echo one two\none ...\n"))
        for text in ("$ echo one\ntwo\n", "$ false\n", "$ echo Error: x\nError: x\n"):
            with pytest.raises(AssertionError):
                reader.play(Block(1, "console", text))
