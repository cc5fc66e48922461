"""The reference pages say what the code says."""

import importlib.util
import inspect
import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from docs import admin_client
from docs.commands_page import commands
from gatepass.cli import main
from gatepass.client import errors, variables
from gatepass.client import settings as client
from gatepass.client.tokens.source import DEADLINE, TokenSource
from gatepass.client.tokens.telemetry import Status
from gatepass.client.tokens.token import UNSTATED_LIFETIME, CachedToken
from gatepass.server.configuration.settings import Settings
from gatepass.wire.errors import STATUS
from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse

GENERATOR = Path(__file__).parents[2] / "docs" / "generate.py"
specification = importlib.util.spec_from_file_location("generate", GENERATOR)
assert specification is not None
assert specification.loader is not None
generate = importlib.util.module_from_spec(specification)
specification.loader.exec_module(generate)


def test_the_page_about_settings_is_what_the_generator_writes() -> None:
    assert generate.SETTINGS_PAGE.read_text() == generate.settings_page()


def test_the_page_about_the_admin_api_is_what_the_generator_writes() -> None:
    assert generate.ADMIN_API_PAGE.read_text() == generate.admin_api_page()


def test_the_methods_of_the_admin_apis_client_are_what_the_generator_writes() -> None:
    wanted = admin_client.files()
    written = set(admin_client.FOLDER.rglob("*.py"))

    assert {path: path.read_text() for path in wanted} == wanted
    assert written <= wanted.keys()


def test_the_page_about_specifications_is_what_the_generator_writes() -> None:
    assert generate.SPECIFICATIONS_PAGE.read_text() == generate.specifications_page()


def test_a_citation_is_found_across_lines_and_belongs_to_the_document_before_it() -> None:
    source = '''
    """As RFC 6749
    §5.2 has it, and §2.3.1; RFC 7662 as a whole."""
    # RFC 9110 §5.6.2 and
    # §5.5, NIST SP 800-63B-4 §3.1.1.2
    '''

    assert [tuple(each) for each in generate.cited_in(source)] == [
        ("RFC 6749", "5.2"),
        ("RFC 6749", "2.3.1"),
        ("RFC 7662", ""),
        ("RFC 9110", "5.6.2"),
        ("RFC 9110", "5.5"),
        ("NIST SP 800-63B-4", "3.1.1.2"),
    ]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description


CLIENT_PAGE = (GENERATOR.parent / "reference" / "client.md").read_text()


def test_the_page_about_the_client_names_every_variable_and_no_other() -> None:
    known = {text for text in vars(variables).values() if str(text).startswith("GATEPASS_")}

    assert set(re.findall(r"`(GATEPASS_\w+)`", CLIENT_PAGE)) == known


def test_the_page_about_the_client_has_the_settings_in_their_order() -> None:
    text = " ".join(CLIENT_PAGE.split())
    [signature] = re.findall(r"`ClientSettings\((.*?)\)` is the same", text)
    named = re.findall(r"(\w+)(?=,|=|$)", signature)

    assert named == [each.name for each in fields(client.ClientSettings)]


def test_the_page_about_the_client_names_all_that_a_source_has() -> None:
    shown = CLIENT_PAGE[CLIENT_PAGE.index("## TokenSource") :]
    methods = {name for name in vars(TokenSource) if not name.startswith("_")}
    options = set(inspect.signature(TokenSource).parameters) - {"settings", "sender"}

    # What adapters and tests use is in the docstrings.
    assert methods - named_in(shown) == {"from_env", "flow", "due_in"}
    assert options - named_in(shown) == {"now", "random"}
    assert {each.name for each in fields(Status)} <= named_in(shown)


def test_the_page_about_the_client_has_every_error_with_what_it_has() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .*? \| (.*?) ?\|$", CLIENT_PAGE, re.MULTILINE))
    made = (
        errors.ConfigurationError("x"),
        errors.TokenRefused("x", "", 400),
        errors.TokenUnavailable("x", 1),
    )

    assert {type(error).__name__ for error in made} == set(rows)
    for error in made:
        assert named_in(rows[type(error).__name__]) == set(vars(error))


def test_the_page_about_the_client_has_the_figures_of_the_code() -> None:
    settings = client.ClientSettings("https://host/", "id", "x")
    unstated = CachedToken.of(TokenResponse(Secret("t"), "Bearer", None, None), 0.0, 0.0)

    assert f"deadline={DEADLINE}" in CLIENT_PAGE
    assert f"| {UNSTATED_LIFETIME} |" in CLIENT_PAGE
    assert f"`{settings.auth_method}` (the default)" in CLIENT_PAGE
    assert (unstated.refresh_at, unstated.expires_at) == (0.8 * UNSTATED_LIFETIME, 295)


def named_in(text: str) -> set[str]:
    """Return every word that stands in code."""
    return {word for code in re.findall(r"`(.*?)`", text) for word in re.findall(r"\w+", code)}


def test_the_page_about_commands_is_what_the_generator_writes() -> None:
    assert generate.COMMANDS_PAGE.read_text() == generate.commands_page(), (
        "run python docs/generate.py"
    )


def test_the_page_about_commands_has_every_command_with_every_option() -> None:
    page = generate.COMMANDS_PAGE.read_text()

    for path, command in commands(main, "gatepass"):
        section = re.split(r"^##", page.partition(f"# `{path}`\n")[2], flags=re.MULTILINE)[0]
        options = [
            each for each in command.params if isinstance(each, click.Option) and not each.hidden
        ]
        assert section, path
        assert [each.name for each in options if each.opts[0] not in section] == [], path


ERRORS_PAGE = (GENERATOR.parent / "reference" / "errors.md").read_text()


def test_the_page_about_errors_has_a_section_for_each_code_with_its_status() -> None:
    sections = dict(
        re.findall(r"^## `(\w+)`\n\n(.*?)(?=^## |\Z)", ERRORS_PAGE, re.MULTILINE | re.DOTALL)
    )

    assert set(sections) == set(STATUS)
    for code, text in sections.items():
        assert text.startswith(f"Status {STATUS[code]}"), code
