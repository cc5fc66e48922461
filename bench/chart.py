"""Draws bars as an SVG: of text and rectangles, legible on light and dark pages."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

_WIDTH = 760
_LETTER = 8  # what a letter of a name takes, in a wide font
_VALUES = 80  # what is kept free behind the scale bar
_ROW = 32
_BAR = 18
_TOP = 56
_STYLE = """\
text { font: 14px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 16px; }
.note { font-size: 12px; fill: #59636e; }
.own { fill: #1f6feb; }
.other { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc; }
  .note { fill: #9198a1; }
  .own { fill: #4493f8; }
  .other { fill: #656c76; }
}"""


class Bar(NamedTuple):
    """One bar; `is_own` tells the product from what it is measured against."""

    name: str
    value: float
    is_own: bool


def draw(title: str, note: str, bars: Sequence[Bar]) -> str:
    """Return the SVG of horizontal bars, each with its name and value as text."""
    height = _TOP + _ROW * len(bars) + 12
    labels = 20 + _LETTER * max(len(bar.name) for bar in bars)  # the column of names
    scale = (_WIDTH - labels - _VALUES) / max(bar.value for bar in bars)
    rows = "\n".join(_row(place, bar, labels, scale) for place, bar in enumerate(bars))
    told = "; ".join(f"{bar.name}: {_number(bar.value)}" for bar in bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'role="img" aria-labelledby="title description">\n'
        f'<title id="title">{escape(title)}</title>\n'
        f'<desc id="description">{escape(f"{note}. {told}.")}</desc>\n'
        f"<style>\n{_STYLE}\n</style>\n"
        f'<text class="title" x="8" y="22">{escape(title)}</text>\n'
        f'<text class="note" x="8" y="42">{escape(note)}</text>\n'
        f"{rows}\n</svg>\n"
    )


def _row(place: int, bar: Bar, labels: int, scale: float) -> str:
    top = _TOP + _ROW * place
    length = max(1.0, scale * bar.value)
    line = top + _BAR - 4
    kind = "own" if bar.is_own else "other"
    return (
        f'<text x="{labels - 10}" y="{line}" text-anchor="end">{escape(bar.name)}</text>\n'
        f'<rect class="{kind}" x="{labels}" y="{top}" width="{length:.1f}" height="{_BAR}"/>\n'
        f'<text x="{labels + length + 6:.1f}" y="{line}">{_number(bar.value)}</text>'
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
