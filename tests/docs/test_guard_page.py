"""The page about the guard: its example runs, and its figures are the code's."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatepass.guard import Principal
from gatepass.guard.core.options import Options
from gatepass.guard.model import expectation
from gatepass.guard.revocation import feed
from gatepass.guard.verification import introspection, introspection_request
from gatepass.guard.verification.jwks_cache import Policy
from gatepass.jose import jwks
from gatepass.wire import params
from gatepass.wire.errors import OAuthError
from guard.tokens import ALGORITHMS, NOW, Issuer, claims, dump

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "guard.md").read_text()
TEXT = " ".join(PAGE.split())
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ISSUER = Issuer()
DOCUMENT = dump({"keys": [ISSUER.jwk(alg) for alg in ALGORITHMS]})


@pytest.fixture(scope="module")
def caller() -> Callable[[str, bytes, float], Principal]:
    names: dict[str, Callable[[str, bytes, float], Principal]] = {}
    exec(EXAMPLES[1], names)
    return names["caller"]


@pytest.mark.parametrize(("sent", "status"), [([], 401), (["Bearer a.b.c"], 401), (["x"] * 2, 400)])
def test_the_first_example_answers_who_has_no_good_token(sent: list[str], status: int) -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[0], names)

    found, headers, body = names["answer"](sent, "192.0.2.1")

    assert (found, headers["Content-Type"]) == (status, "application/problem+json")
    assert headers["WWW-Authenticate"].startswith("Bearer")
    assert json.loads(body)["status"] == status


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_the_example_tells_who_calls(
    caller: Callable[[str, bytes, float], Principal], alg: str
) -> None:
    assert caller(ISSUER.token(alg), DOCUMENT, NOW).client_id == "acme-billing"


@pytest.mark.parametrize(
    ("changed", "code"), [({"exp": 1}, "invalid_token"), ({"scope": "x"}, "insufficient_scope")]
)
def test_the_example_refuses_as_the_page_says(
    caller: Callable[[str, bytes, float], Principal], changed: dict[str, object], code: str
) -> None:
    with pytest.raises(OAuthError) as refused:
        caller(ISSUER.token("ES256", body=claims(**changed)), DOCUMENT, NOW)

    assert refused.value.code == code


def test_the_figures_on_the_page_are_those_of_the_code() -> None:
    assert f"at most {params.LONGEST_TOKEN} characters" in PAGE
    assert f"with {expectation.LEEWAY} seconds" in PAGE
    policy = Policy()
    assert f"| `max_age` | {policy.max_age:.0f} |" in PAGE
    assert f"| `cooldown` | {policy.cooldown:.0f} |" in PAGE
    assert f"| `stale_for` | {policy.stale_for:.0f} |" in PAGE
    assert f"`cache_seconds` ({introspection_request.CACHE_SECONDS:.0f} seconds)" in PAGE
    assert f"{jwks.LONGEST_DOCUMENT // 1024} KiB and {introspection.TIMEOUT:.0f} seconds" in TEXT
    assert f"{jwks.LONGEST_DOCUMENT // 1024} KiB or {jwks.MOST_KEYS} keys" in TEXT


def test_the_page_has_every_setting_and_no_other() -> None:
    table = PAGE.partition("## Settings")[2].partition("##")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = re.findall(r"`(\w+)`", " ".join(rows))

    assert sorted(named) == sorted(["issuer", *Options.__annotations__])
    assert f"| `cache_seconds` | {introspection_request.CACHE_SECONDS:.0f} |" in table
    assert f"| `timeout` | {introspection.TIMEOUT:.0f} |" in table


def test_the_page_has_the_figures_of_the_feed() -> None:
    assert f"`wait` ({feed.WAIT}) " in PAGE
    assert f"`limit` ({feed.LIMIT:.0f}) " in PAGE
