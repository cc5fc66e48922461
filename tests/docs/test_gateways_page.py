"""The page about gateways: its example runs, and it says what the tests behind gateways see."""

import re
from pathlib import Path

import pytest

from gatepass.guard import ASSERTION_HEADER, Principal
from gatepass.guard.jwt.kind import LONGEST_ASSERTION
from gatepass.wire.errors import OAuthError
from gateways.test_behind_gateways import IDENTITY, SET_UP_WRONGLY, UNANSWERED
from guard.tokens import Issuer, claims, header

TASKS = Path(__file__).parents[2] / "docs" / "tasks"
PAGE = (TASKS / "protect-an-api-behind-a-gateway.md").read_text()
EXAMPLES = Path(__file__).parents[2] / "examples" / "gateways"


def row(start: str) -> list[str]:
    """Return the cells of the table's row that begins with `start`."""
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_leads_to_every_file() -> None:
    linked = re.findall(r"\]\((\.\./\.\./examples/gateways/[^)]+)\)", PAGE)

    assert sorted((TASKS / link).resolve().name for link in linked) == sorted(
        file.name for file in EXAMPLES.iterdir()
    )


@pytest.mark.spec("RFC 9700", "2.3")
def test_every_need_in_the_files_says_the_audience() -> None:
    needs = [
        (file.name, need)
        for file in EXAMPLES.iterdir()
        for need in re.findall(r"/oauth2/verify/(?:nginx/|envoy/\w+/)?(\S*)", file.read_text())
        if need != "unsaid/"  # which lets nobody in
    ]

    assert len(needs) >= 15
    assert [each for each in needs if "audience=" not in each[1]] == []


def test_the_example_tells_who_calls_and_refuses_the_rest() -> None:
    [example] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    issuer = Issuer()
    names: dict[str, object] = {}
    exec(example.replace("time.time()", repr(claims()["iat"])), names)
    caller = names["caller"]
    assert callable(caller)

    token = issuer.token("ES256", header("ES256", typ="JWT"), claims(exp=claims()["iat"]))
    principal = caller({ASSERTION_HEADER: token}, issuer.keys)
    assert isinstance(principal, Principal)
    with pytest.raises(OAuthError):
        caller({}, issuer.keys)


def test_the_lines_for_bound_tokens_are_those_of_the_file_that_is_tested() -> None:
    [block] = re.findall(r"```nginx\n(.*?)```", PAGE, re.DOTALL)
    file = [line.strip() for line in (EXAMPLES / "nginx.conf").read_text().splitlines()]

    assert [line for line in block.splitlines() if line not in file] == []


def test_the_table_says_what_was_seen() -> None:
    gateways = ["nginx", "caddy", "haproxy", "traefik", "envoy"]

    assert row("Gatepass does not answer")[2:] == [str(UNANSWERED[each]) for each in gateways]
    wrongly = row("the path's need is set up wrongly")[2:]
    assert wrongly == [str(SET_UP_WRONGLY[each]) for each in gateways]


def test_the_page_names_every_identity_header() -> None:
    assert all(f"`{name.title()}`" in PAGE for name in IDENTITY)
    assert f"at most {LONGEST_ASSERTION} s after `iat`" in PAGE
