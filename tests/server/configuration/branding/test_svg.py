"""Which drawings are taken as a logo, and what is left of them."""

import json
from pathlib import Path

import pytest

from gatepass.server.configuration.branding import svg

VECTORS = Path(__file__).parents[3] / "vectors" / "branding" / "hostile_svg.json"
HOSTILE = [
    pytest.param(row["svg"], row["says"], id=row["name"]) for row in json.loads(VECTORS.read_text())
]
XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
INKSCAPE = f"""<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape -->
<svg {XMLNS} xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 8 8"
   xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:version="1.2">
  <inkscape:namedview inkscape:zoom="3"><inkscape:grid/></inkscape:namedview>
  <metadata><rdf:RDF xmlns:rdf="urn:rdf"><rdf:li>Ann</rdf:li></rdf:RDF></metadata>
  <title>R&amp;D &lt;1&gt;</title>
  <defs><linearGradient id="a"><stop offset="0"/></linearGradient>
  <linearGradient id="b" xlink:href="#a"/></defs>
  <style>.c{{fill:url(#b)}} /* a comment */ .d > .e{{stroke:#fff}}</style>
  <path class="c" d="M0 0h8" style="fill:url('#b')" inkscape:label="Plate"/>
</svg>
"""


@pytest.mark.parametrize(("drawing", "says"), HOSTILE)
def test_a_drawing_that_acts_or_reaches_out_is_refused_with_the_reason(
    drawing: str, says: str
) -> None:
    with pytest.raises(ValueError, match="(?i)" + says.replace("(", r"\(")):
        svg.clean(drawing.encode())


def test_what_a_drawing_program_adds_is_left_out_and_the_picture_stays() -> None:
    cleaned = svg.clean(INKSCAPE.encode()).decode()

    assert "nkscape" not in cleaned
    assert "rdf" not in cleaned
    for part in (
        'viewBox="0 0 8 8"',
        "<title>R&amp;D &lt;1&gt;</title>",
        '<linearGradient id="b" href="#a">',
        "fill:url(#b)",
        '<path class="c" d="M0 0h8"',
    ):
        assert part in cleaned


def test_a_cleaned_drawing_is_cleaned_to_itself() -> None:
    once = svg.clean(INKSCAPE.encode())

    assert svg.clean(once) == once


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_a_drawing_in_another_encoding_is_refused(encoding: str) -> None:
    drawing = f"<svg {XMLNS}><title>Größe</title></svg>"

    with pytest.raises(ValueError, match=r"UTF-8|not an SVG"):
        svg.clean(drawing.encode(encoding))


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<g>" * 100 + "</g>" * 100, "levels deep"),
        ("<path/>" * 6000, "elements"),
        ('<path id="a"/>' + '<use href="#a"/>' * 200, "repeats"),
    ],
    ids=["nested deeply", "many elements", "many uses"],
)
def test_a_drawing_that_takes_long_to_show_is_refused(inside: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        svg.clean(f"<svg {XMLNS}>{inside}</svg>".encode())


def test_the_line_of_what_is_refused_is_named() -> None:
    with pytest.raises(ValueError, match="line 3"):
        svg.clean(f"<svg {XMLNS}>\n<path/>\n<script/>\n</svg>".encode())
