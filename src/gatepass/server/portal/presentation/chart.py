"""Bar charts as SVG.

The picture is stretched to the available width, so it contains no text: the axes are labelled
in HTML. Colours come from the stylesheet by class; the content security policy allows no inline
styles.
"""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

_STEP = 10  # units from one bar to the next
_GAP = 2
_HEIGHT = 100
_ROUND = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
_LEAST = 2  # minimal height, so that 1 is visible


class Bar(NamedTuple):
    """A value and its tooltip."""

    value: int
    words: str


def ceiling(values: Sequence[int]) -> int:
    """Return the end of the scale: the smallest round number that is not below any value."""
    most = max([1, *values])
    if most <= _ROUND[0]:
        return most
    size = int(10 ** (len(str(most - 1)) - 2))
    return next(each * size for each in _ROUND if each * size >= most)


def bars(given: Sequence[Bar], label: str) -> Markup:
    """Return the chart of `given`, left to right; `label` describes it for screen readers."""
    top = ceiling([each.value for each in given])
    width = len(given) * _STEP
    drawn = Markup().join(
        _bar(at * _STEP, each, top) for at, each in enumerate(given) if each.value > 0
    )
    return Markup(
        '<svg class="plot" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        'aria-label="{label}" focusable="false"><g aria-hidden="true">{lines}{drawn}</g></svg>'
    ).format(width=width, height=_HEIGHT, label=label, lines=_lines(width), drawn=drawn)


def _bar(x: int, bar: Bar, top: int) -> Markup:
    height = max(_LEAST, round(bar.value * _HEIGHT / top, 1))
    return Markup(
        '<path d="M{left} {whole}v-{height:g}h{wide}v{height:g}z"><title>{words}</title></path>'
    ).format(words=bar.words, whole=_HEIGHT, left=x + _GAP // 2, height=height, wide=_STEP - _GAP)


def _lines(width: int) -> Markup:
    """Return the lines at the top, the middle and the bottom."""
    return Markup('<path class="plot-lines" d="M0 0H{w}M0 {half}H{w}M0 {whole}H{w}"/>').format(
        w=width, half=_HEIGHT // 2, whole=_HEIGHT
    )
