"""The page about bound tokens: its API passes its tests, and its words are those of the answers."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.guard import ClientCertificates
from gatepass.guard.verification import binding, certificates, proofs
from gatepass.jose import dpop

PAGE = (Path(__file__).parents[2] / "docs" / "tasks" / "accept-bound-tokens.md").read_text()
EXAMPLES = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def written(pytester: pytest.Pytester) -> Iterator[pytest.Pytester]:
    """Return a folder with the examples, whose modules are forgotten afterwards."""
    for name, text in EXAMPLES:
        pytester.path.joinpath(name).write_text(text)
    yield pytester
    for name in ("bound_api", "test_bound_api"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("nonce_key", ["", "a secret of the tests"])
def test_the_api_of_the_page_passes_its_tests(
    written: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, nonce_key: str
) -> None:
    if nonce_key:
        monkeypatch.setenv("DPOP_NONCE_KEY", nonce_key)

    done = written.runpytest_inprocess("-q")

    # Without a nonce the first request is refused: the test of the page needs none.
    done.assert_outcomes(passed=2 if nonce_key else 3, failed=1 if nonce_key else 0)


def test_the_answers_that_the_page_quotes_are_in_the_code() -> None:
    modules = (binding, certificates, proofs, dpop)
    code = " ".join(Path(str(each.__file__)).read_text() for each in modules)

    for quoted in re.findall(r'^\| 401 `\w+`, "(.*?)"', PAGE, re.MULTILINE):
        assert quoted.removesuffix(" ...") in code


def test_each_setting_for_a_proxy_can_be_made() -> None:
    settings = re.findall(r"`(ClientCertificates\(\"[^`]*\))`", PAGE)

    assert len(settings) == 5
    for each in settings:
        assert eval(each, {"ClientCertificates": ClientCertificates})
