"""The page about a brand: its settings, and its refusal."""

import re
from pathlib import Path

import pytest

from docs.page import ROOT
from gatepass.server.configuration.settings import SettingsError, load
from gatepass.wire.credential import Mode
from server.configuration.branding.samples import DRAWING, picture

PAGE = (ROOT / "docs" / "operate" / "branding.md").read_text()


def test_the_settings_of_the_page_are_in_force_as_it_says(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(DRAWING)
    (tmp_path / "logo-dark.svg").write_text(DRAWING)
    (tmp_path / "icon.png").write_bytes(picture())
    [text] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "gatepass.toml").write_text(text)

    settings = load(data=tmp_path)

    live, test = settings.brand(Mode.LIVE), settings.brand(Mode.TEST)
    assert set(live.files) == {"logo.svg", "logo_dark.svg", "icon.png", "brand.css"}
    assert (len(live.login_text), len(live.first_page_text)) == (2, 1)
    assert (test.name, test.first_page_text) == ("Nordlys Energi Partners (tests)", ())
    assert test.login_text == live.login_text


def test_a_refusal_is_the_line_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "gatepass.toml").write_text('[branding.light]\naccent = "#ffcc00"\n')

    with pytest.raises(SettingsError) as caught:
        load(data=tmp_path)

    assert str(caught.value).replace(str(tmp_path), "gatepass-data") in PAGE
