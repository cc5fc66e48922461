"""Colours: contrast, what is made from an accent, and what is refused."""

import re
from importlib.resources import files

import pytest

from gatepass.server.configuration.branding import palette
from gatepass.server.configuration.branding.palette import FIXED, OWN, PROPERTIES, Scheme

SCHEMES: list[Scheme] = ["light", "dark"]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_the_ratio_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert palette.contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert palette.contrast(one, other) == palette.contrast(other, one)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_colours_known_here_are_those_of_the_stylesheet(scheme: Scheme) -> None:
    css = files("gatepass.server.portal").joinpath("static", "portal.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")[:2]
    found = dict(
        re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", {"light": light, "dark": dark}[scheme])
    )

    assert {PROPERTIES[name]: value for name, value in OWN[scheme].items()}.items() <= found.items()
    assert FIXED[scheme].items() <= found.items()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gatepass_own_colours_can_be_read(scheme: Scheme) -> None:
    palette.check(scheme, OWN[scheme])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", [name for name in OWN["light"] if name != "line"])
def test_each_colour_is_checked(scheme: Scheme, name: str) -> None:
    """A colour as its own surroundings cannot be read; the lines alone carry no meaning."""
    other = "accent" if name == "on_accent" else "text" if name in {
        "background", "surface", "sunken"} else "surface"  # fmt: skip

    with pytest.raises(ValueError, match=f"in {scheme}, .*{name} {OWN[scheme][other]}"):
        palette.check(scheme, {**OWN[scheme], name: OWN[scheme][other]})


def test_a_refusal_names_the_pair_and_the_ratio_below_the_limit() -> None:
    colours = palette.complete("light", {"muted": "#777777"})  # 4.16:1 on the background

    with pytest.raises(
        ValueError, match=r"in light, muted #777777 on background #f5f7f7"
    ) as caught:
        palette.check("light", colours)

    assert "4.16:1" in str(caught.value)
    assert "4.5:1" in str(caught.value)


def test_a_ground_on_which_a_fixed_colour_cannot_be_read_is_refused() -> None:
    colours = palette.complete("light", {"surface": "#e0a050", "muted": "#101010"})
    colours |= {"accent": "#101010", "accent_hover": "#000000"}

    with pytest.raises(ValueError, match=r"the fixed colour of \w+ #\w+ on surface #e0a050"):
        palette.check("light", colours)


def test_a_background_in_the_colour_of_the_sandbox_banner_is_too_faint_beside_it() -> None:
    dark = dict.fromkeys(("background", "surface", "sunken"), "#ffcd57")
    colours = {**OWN["dark"], **dark, "text": "#000000", "muted": "#000000"}

    faint = {
        (each.over, each.under)
        for each in palette.contrasts("dark", colours)
        if each.ratio < each.least
    }

    assert ("plate", "background") in faint


@pytest.mark.parametrize("accent", ["#7a1fa2", "#c8102e", "#005eb8", "#000000", "#0b5d1e"])
def test_one_accent_is_enough_for_both_schemes(accent: str) -> None:
    given = {"accent": accent}
    for scheme in SCHEMES:
        light = given if scheme == "dark" else None
        palette.check(scheme, palette.complete(scheme, {} if light else given, light))


def test_a_colour_that_is_given_is_not_made() -> None:
    given = {"accent": "#7a1fa2", "accent_hover": "#3c0053", "on_accent": "#fff5ff"}

    assert given.items() <= palette.complete("light", given).items()
    assert palette.complete("dark", {"accent": "#e0b0ff"}, given)["accent"] == "#e0b0ff"


def test_the_stylesheet_sets_nothing_of_the_sandbox_banner() -> None:
    light = dict.fromkeys(OWN["light"], "#123456")

    css = palette.stylesheet(light, light)

    names = set(re.findall(r"--([a-z-]+):", css))
    assert names == set(PROPERTIES.values())
    assert not names & {"hatch", "hatch-2", "hatch-ink", "plate", "on-plate"}


def test_a_colour_of_the_light_scheme_does_not_reach_the_dark_one() -> None:
    css = palette.stylesheet({**OWN["light"], "surface": "#fefefe"}, OWN["dark"])

    light, dark = css.split("@media (prefers-color-scheme: dark)")
    assert light.strip() == ":root{--surface:#fefefe;}"
    assert "--surface:#161c1e;" in dark
