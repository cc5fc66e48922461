"""The colours of a brand, in both colour schemes, and whether they can be read (WCAG 2.2 AA).

Pure: colours come in as "#rrggbb", a palette or a ValueError goes out.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Scheme = Literal["light", "dark"]
Colours = Mapping[str, str]

TEXT = 4.5  # WCAG 2.2, 1.4.3
CONTROL = 3.0  # WCAG 2.2, 1.4.11

PROPERTIES = {
    "accent": "accent",
    "accent_hover": "accent-deep",
    "on_accent": "on-accent",
    "background": "ground",
    "surface": "surface",
    "sunken": "sunken",
    "text": "ink",
    "muted": "quiet",
    "line": "line",
    "edge": "edge",
}
"""The custom property of portal.css that each setting replaces."""

OWN: Mapping[Scheme, Colours] = {
    "light": {
        "accent": "#0f5e70",
        "accent_hover": "#0a4757",
        "on_accent": "#ffffff",
        "background": "#f5f7f7",
        "surface": "#ffffff",
        "sunken": "#f1f4f4",
        "text": "#14191b",
        "muted": "#546067",
        "line": "#dce2e3",
        "edge": "#7c888d",
    },
    "dark": {
        "accent": "#6cc7da",
        "accent_hover": "#93dbea",
        "on_accent": "#04232b",
        "background": "#0e1214",
        "surface": "#161c1e",
        "sunken": "#111618",
        "text": "#e7ecee",
        "muted": "#9dabb1",
        "line": "#2a3336",
        "edge": "#6f7e84",
    },
}
"""Gatepass's own colours: those at the head of portal.css."""

FIXED: Mapping[Scheme, Colours] = {
    "light": {
        "good": "#1c6640",
        "warn": "#744c00",
        "bad": "#ab2222",
        "good-ground": "#e6f3ea",
        "warn-ground": "#fdf3d8",
        "bad-ground": "#fcecea",
        "plate": "#3d2a00",
    },
    "dark": {
        "good": "#82d3a0",
        "warn": "#f1c766",
        "bad": "#ff9c92",
        "good-ground": "#14291d",
        "warn-ground": "#2a210c",
        "bad-ground": "#321715",
        "plate": "#ffcd57",
    },
}
"""Colours that carry a meaning, which no brand changes; they appear on those that it does."""

_WORDS = {
    "good": "the fixed colour of success",
    "warn": "the fixed colour of warnings",
    "bad": "the fixed colour of errors",
    "good-ground": "the fixed background of success",
    "warn-ground": "the fixed background of warnings",
    "bad-ground": "the fixed background of errors",
    "plate": "the fixed colour of the sandbox banner",
}
_GROUNDS = ("background", "surface", "sunken")
_NOTICES = ("good-ground", "warn-ground", "bad-ground")
_LINKED = (*_GROUNDS, "good-ground", "warn-ground")
_PAIRS = (
    *(("text", ground, TEXT) for ground in (*_GROUNDS, *_NOTICES)),
    *(("muted", ground, TEXT) for ground in _GROUNDS),
    *(("accent", ground, TEXT) for ground in _LINKED),
    *(("accent_hover", ground, TEXT) for ground in _LINKED),
    *(("on_accent", ground, TEXT) for ground in ("accent", "accent_hover")),
    *((state, ground, TEXT) for state in ("good", "warn", "bad") for ground in _GROUNDS[:2]),
    *(("edge", ground, CONTROL) for ground in _GROUNDS[:2]),
    ("plate", "background", CONTROL),
)
_WHITE, _BLACK = "#ffffff", "#000000"


class Contrast(NamedTuple):
    """Two colours that meet on a page: their ratio, and what it must be at least."""

    over: str
    under: str
    ratio: float
    least: float


def complete(scheme: Scheme, given: Colours, light: Colours | None = None) -> dict[str, str]:
    """Return all colours of a scheme, of which some are given.

    What belongs to a given accent is made from it, and the dark accent from the `light` one.
    """
    colours = {**OWN[scheme], **given}
    if scheme == "dark" and light and "accent" in light and "accent" not in given:
        grounds = [colours.get(each) or FIXED[scheme][each] for each in _LINKED]
        colours["accent"] = _lightened(light["accent"], grounds)
    if colours["accent"] != OWN[scheme]["accent"]:
        accent = colours["accent"]
        deep = _mixed(accent, _BLACK if scheme == "light" else _WHITE, 0.25)
        readable = max(_WHITE, "#101314", key=lambda each: contrast(each, accent))
        colours |= {
            name: made
            for name, made in (("accent_hover", deep), ("on_accent", readable))
            if name not in given
        }
    return colours


def check(scheme: Scheme, colours: Colours) -> None:
    """Raise ValueError, which names a pair and its ratio, where a text or control is too faint."""
    for pair in contrasts(scheme, colours):
        if pair.ratio < pair.least:
            kind = "text" if pair.least == TEXT else "a control"
            shown = int(pair.ratio * 100) / 100  # 4.499 is not shown as 4.5
            raise ValueError(
                f"in {scheme}, {_named(pair.over, scheme, colours)} on "
                f"{_named(pair.under, scheme, colours)} has a contrast of {shown:.2f}:1, and "
                f"{kind} needs {pair.least:g}:1 (WCAG 2.2 AA): change one of the two"
            )


def contrasts(scheme: Scheme, colours: Colours) -> list[Contrast]:
    """Return the ratio of every pair of colours that meet on the pages."""
    known = {**FIXED[scheme], **colours}
    return [
        Contrast(over, under, contrast(known[over], known[under]), least)
        for over, under, least in _PAIRS
    ]


def faintest(scheme: Scheme, colours: Colours) -> Contrast:
    """Return the text with the lowest contrast."""
    texts = (pair for pair in contrasts(scheme, colours) if pair.least == TEXT)
    return min(texts, key=lambda pair: pair.ratio)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def stylesheet(light: Colours, dark: Colours) -> str:
    """Return the custom properties of both schemes that differ from Gatepass's own."""
    rules = {"light": _properties("light", light), "dark": _properties("dark", dark)}
    text = f":root{{{rules['light']}}}\n" if rules["light"] else ""
    if rules["dark"]:
        text += f"@media (prefers-color-scheme: dark){{:root{{{rules['dark']}}}}}\n"
    return text


def _properties(scheme: Scheme, colours: Colours) -> str:
    return "".join(
        f"--{PROPERTIES[name]}:{value};"
        for name, value in colours.items()
        # What differs in light would hold in dark, too, where dark is as it was.
        if value != OWN[scheme][name] or scheme == "dark"
    )


def _named(name: str, scheme: Scheme, colours: Colours) -> str:
    return f"{name} {colours[name]}" if name in colours else f"{_WORDS[name]} {FIXED[scheme][name]}"


def _lightened(colour: str, grounds: list[str]) -> str:
    """Return the colour, with as much white as it needs to be read on all grounds."""
    mixed = (_mixed(colour, _WHITE, part / 20) for part in range(21))
    return next(
        (each for each in mixed if all(contrast(each, ground) >= TEXT for ground in grounds)),
        _WHITE,
    )


def _mixed(colour: str, other: str, part: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
