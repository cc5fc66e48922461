"""What the benchmarks print and draw, from figures that are known."""

from xml.etree import ElementTree as ET

import pytest

from bench.chart import Bar, draw
from bench.load import Figures, Request, Series
from bench.processes import ROOT
from bench.report import Part, limit_row, markdown, ratio_row
from browser.chromium import launched

SVG = "{http://www.w3.org/2000/svg}"


def series(name: str, *per_second: float) -> Series:
    return Series(name, tuple(Figures(each, 1e6 / each, 1.0, 2.0) for each in per_second))


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    ours, theirs = series("ours", 100, 400, 90), series("theirs", 50, 100, 90)

    assert ours.ratio(theirs).by_rate == 2.0
    assert ours.ratio(theirs).by_cpu == 2.0


@pytest.mark.parametrize(("least", "reached"), [(1.0, True), (1.5, False), (None, None)])
def test_a_ratio_has_to_be_reached_at_every_load(
    *, least: float | None, reached: bool | None
) -> None:
    loads = {
        32: {"a": series("a", 200), "b": series("b", 100)},
        128: {"a": series("a", 110), "b": series("b", 100)},
    }

    row = ratio_row("a of b", loads, "a", "b", least)

    assert row.reached is reached
    assert row.measured == "2.00 / 1.10 (by CPU time 2.00 / 1.10)"


def test_what_was_not_measured_is_neither_reached_nor_missed() -> None:
    row = ratio_row("a of b", {32: {"a": series("a", 200)}}, "a", "b", 1.0)

    assert (row.measured, row.reached) == ("not measured", None)


@pytest.mark.parametrize(("value", "reached"), [(89.9, True), (90.1, False)])
def test_a_limit_is_kept_up_to_its_value(*, value: float, reached: bool) -> None:
    assert limit_row("memory", value, 90, "MB").reached is reached


def test_the_page_has_a_row_for_every_figure_and_every_load() -> None:
    loads = {32: {"a": series("a", 1234)}}
    rows = (ratio_row("first", loads, "a", "a"), limit_row("second", 1.0, 2.0, "s"))

    page = markdown([Part("Part", loads, rows)])

    assert "| first | 1.00 (by CPU time 1.00) | stated | - |" in page
    assert "| second | 1.00 s | <= 2 s | yes |" in page
    assert "| 32 | a | 1,234 | 1.00 | 2.00 |" in page


def test_a_chart_says_in_words_what_it_shows() -> None:
    bars = [Bar("token <sealed>", 51_234.6, is_own=True), Bar("peer", 1.5, is_own=False)]

    drawn = ET.fromstring(draw("Requests a second", "One worker each", bars))

    title, description = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert drawn.get("role") == "img"
    assert drawn.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Requests a second"
    assert description.text == "One worker each. token <sealed>: 51,235; peer: 1.5."


def test_every_text_of_the_chart_lies_within_it() -> None:
    with launched() as browser:
        page = browser.new_page()
        page.goto((ROOT / "docs" / "images" / "speed.svg").as_uri())
        width, boxes = page.evaluate(
            "[document.documentElement.viewBox.baseVal.width,"
            " [...document.querySelectorAll('text')].map(each => each.getBBox())"
            ".map(box => [box.x, box.x + box.width])]"
        )

    assert len(boxes) > 2
    assert all(left >= 0 and right <= width for left, right in boxes)


def test_a_request_is_sent_with_its_length_and_keeps_its_secrets_to_itself() -> None:
    request = Request("POST", "/token", {"Authorization": "Basic c2VjcmV0"}, "a=b")

    assert request.text("localhost").endswith("Content-Length: 3\r\n\r\na=b")
    assert "c2VjcmV0" not in repr(request)
