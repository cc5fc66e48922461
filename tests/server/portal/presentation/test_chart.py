"""Bars as SVG."""

import re
import xml.etree.ElementTree as ET

import pytest

from gatepass.server.portal.presentation.chart import Bar, bars, ceiling

SVG = "{http://www.w3.org/2000/svg}"


def drawn(values: list[int], words: str = "words", label: str = "label") -> ET.Element:
    svg = bars([Bar(value, words) for value in values], label)
    return ET.fromstring(str(svg).replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1))


def heights(svg: ET.Element) -> list[float]:
    paths = [each.attrib["d"] for each in svg.iter(f"{SVG}path")]
    found = [re.search(r"M\d+ 100v-([\d.]+)h", path) for path in paths]
    return [float(each[1]) for each in found if each]


@pytest.mark.parametrize(
    ("values", "top"),
    [
        ([], 1),
        ([0, 0], 1),
        ([1], 1),
        ([7, 3], 7),
        ([10], 10),
        ([11], 12),
        ([13], 15),
        ([81], 100),
        ([100], 100),
        ([101], 120),
        ([999], 1000),
        ([1001], 1200),
        ([10**12 + 1], 12 * 10**11),
    ],
)
def test_a_scale_ends_at_a_round_number_that_holds_every_value(values: list[int], top: int) -> None:
    assert ceiling(values) == top


def test_no_scale_is_wasted() -> None:
    for value in range(1, 20_000):
        assert value <= ceiling([value]) < 1.5 * value


def test_bars_are_as_high_as_their_values() -> None:
    assert heights(drawn([10, 5, 1])) == [100, 50, 10]


def test_little_is_seen_and_nothing_is_not_drawn() -> None:
    assert heights(drawn([0, 1, 10_000, 0])) == [2, 100]


def test_each_bar_stands_in_its_own_place() -> None:
    svg = drawn([1, 0, 1])

    assert svg.attrib["viewBox"] == "0 0 30 100"
    starts = [each.attrib["d"].split(" ")[0] for each in svg.iter(f"{SVG}path")]
    assert starts == ["M0", "M1", "M21"]


def test_the_picture_says_in_words_what_it_shows() -> None:
    svg = drawn([3], words="noon: 3 tokens", label="3 tokens in all")

    assert (svg.attrib["role"], svg.attrib["aria-label"]) == ("img", "3 tokens in all")
    assert [each.text for each in svg.iter(f"{SVG}title")] == ["noon: 3 tokens"]


def test_words_stay_words() -> None:
    hostile = '"><script>&'
    svg = drawn([1], words=hostile, label=hostile)

    assert [each.text for each in svg.iter(f"{SVG}title")] == [hostile]
    assert svg.attrib["aria-label"] == hostile


def test_nothing_is_inline_that_the_content_policy_refuses() -> None:
    for each in drawn([1, 2, 3]).iter():
        assert "style" not in each.attrib
