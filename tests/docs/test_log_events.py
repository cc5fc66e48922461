"""The page of log events has each that the code can write, and no other."""

import tomllib

import pytest

from docs.log_events import TABLE, Event, events, events_in, log_events_page
from docs.page import ROOT

PAGE = ROOT / "docs" / "reference" / "log-events.md"
HEAD = "import structlog\nlog = structlog.get_logger('gatepass.server')\n"


def test_the_page_is_what_the_generator_writes() -> None:
    assert PAGE.read_text() == log_events_page(), "run python docs/generate.py"


def test_every_event_is_described_and_nothing_else_is() -> None:
    described = tomllib.loads(TABLE.read_text())

    assert {each.name for each in events()} == set(described)
    for name, text in described.items():
        assert text["when"].endswith("."), name
        assert text["do"].endswith("."), name


def test_fields_that_the_code_does_not_spell_out_are_named_in_the_table() -> None:
    described = tomllib.loads(TABLE.read_text())

    assert {each.name for each in events() if each.has_more} == {
        name for name, text in described.items() if "more" in text
    }


@pytest.mark.parametrize(
    ("source", "name", "levels", "fields"),
    [
        ("log.info('a.b', x=1)", "a.b", {"info"}, {"x"}),
        ("structlog.get_logger('y').error('a.b')", "a.b", {"error"}, set()),
        ("log.exception('a.b', x=1)", "a.b", {"error"}, {"x", "exception"}),
        ("log.error('a.b', exc_info=e)", "a.b", {"error"}, {"exception"}),
        ("N = 'a.b'\ndef f():\n    log.warning(N)", "a.b", {"warning"}, set()),
        ("def f(x):\n    n = 'a.b' if x else 'c'\n    log.info(n)", "a.b", {"info"}, set()),
        ("log.info('a.b' if x else 'c')", "a.b", {"info"}, set()),
        ("log.info('a.b', **({'x': 1} if y else {}))", "a.b", {"info"}, {"x"}),
        (
            "def f():\n    w = log.info if x else log.error\n    w('a.b', x=1)",
            "a.b",
            {"info", "error"},
            {"x"},
        ),
    ],
)
def test_a_call_is_read(source: str, name: str, levels: set[str], fields: set[str]) -> None:
    found = {each.name: each for each in events_in(HEAD + source)}

    assert found[name] == Event(name, frozenset(levels), frozenset(fields), has_more=False)


@pytest.mark.parametrize(
    "source",
    [
        "log.info(f'a.{b}')",
        "log.info(b)",
        "log.info()",
        "log.log(20, 'a.b')",
        "log.bind(x=1).info('a.b')",
        "write(log.info)",
    ],
)
def test_a_call_that_cannot_be_read_is_an_error(source: str) -> None:
    with pytest.raises(ValueError, match=":3:"):
        list(events_in(HEAD + source))
