"""What a worker that only issues tokens leaves unloaded: it takes memory, and time at the start."""

from pathlib import Path

from server_process import serving

PAGES = {"anyio", "gatepass.server.portal", "jinja2", "starlette"}
PASSWORDS = {"argon2"}
PARTNER_API = {"fastapi", "gatepass.guard", "gatepass.server.partner_api"}
OTHER_SETTINGS = {"opentelemetry", "psycopg", "sqlalchemy.dialects.postgresql"}
OTHER_SYSTEMS = {"h11"}  # those without httptools
COMMANDS = {"alembic", "gatepass.client", "gatepass.server.cli.demo", "httpx2"}
UNNEEDED = PAGES | PASSWORDS | PARTNER_API | OTHER_SETTINGS | OTHER_SYSTEMS | COMMANDS

RECORD = """
import atexit, pathlib, sys
atexit.register(lambda: pathlib.Path({file!r}).write_text("\\n".join(sys.modules)))
"""


def modules_of_server(folder: Path, page: str | None = None) -> set[str]:
    """Return what a server has loaded that issued a token and, where one is given, sent a page."""
    with serving(folder / "data") as first:  # makes what is missing, which takes more modules
        acme = first.create_organization()
        billing = first.create_application(acme.org_id)
        assert first.stop() == 0
    file = folder / "modules"
    (folder / "sitecustomize.py").write_text(RECORD.format(file=str(file)))
    with serving(folder / "data", variables={"PYTHONPATH": str(folder)}) as server:
        assert server.ask_token(billing.client_id, billing.client_secret).status == 200
        assert page is None or server.ask("GET", page).status == 200
        assert server.stop() == 0
    return set(file.read_text().splitlines())


def test_a_server_that_only_issues_tokens_loads_nothing_that_it_does_not_need(
    tmp_path: Path,
) -> None:
    assert UNNEEDED & modules_of_server(tmp_path) == set()


def test_the_first_page_loads_the_portal_and_no_password_hash(tmp_path: Path) -> None:
    loaded = modules_of_server(tmp_path, page="/accounts/login/")

    assert UNNEEDED & loaded == PAGES
