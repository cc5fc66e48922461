"""The settings of a brand: both environments, files, and what is refused in one line."""

from pathlib import Path

import pytest

from gatepass.server.configuration.settings import Settings, SettingsError, load
from gatepass.wire.credential import Mode
from server.configuration.branding.samples import DRAWING, picture


def _loaded(folder: Path, text: str) -> Settings:
    (folder / "gatepass.toml").write_text(text)
    return load(data=folder)


def test_without_settings_the_brand_is_gatepass_and_has_no_files(tmp_path: Path) -> None:
    brand = load(data=tmp_path).brand(Mode.LIVE)

    assert (brand.name, brand.files, brand.stylesheet) == ("Gatepass", {}, "")


def test_the_operators_name_and_support_are_those_of_a_brand_that_has_none(tmp_path: Path) -> None:
    found = _loaded(tmp_path, "[operator]\nname = 'Acme'\nsupport = 'help@acme.example'\n")

    brand = found.brand(Mode.LIVE)

    assert (brand.name, brand.support_url) == ("Acme", "mailto:help@acme.example")
    assert found.relying_party(Mode.TEST).name == "Acme (sandbox)"


def test_an_environment_changes_what_it_sets_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text(DRAWING)
    found = _loaded(
        tmp_path,
        "[branding]\nname = 'Acme'\nlogo = 'logo.svg'\nlogin_text = 'Welcome.'\n"
        "[branding.light]\naccent = '#7A1FA2'\ntext = '#000'\n"
        "[sandbox.branding]\nname = 'Acme tests'\nlogin_text = ''\n"
        "[sandbox.branding.light]\naccent = '#005eb8'\n",
    )

    live, test = found.brand(Mode.LIVE), found.brand(Mode.TEST)

    assert (live.name, live.logo, live.login_text) == ("Acme", "logo.svg", ("Welcome.",))
    assert (test.name, test.logo, test.login_text) == ("Acme tests", "logo.svg", ())
    assert (live.colours["light"]["accent"], live.colours["light"]["text"]) == (
        "#7a1fa2",
        "#000000",
    )
    assert (test.colours["light"]["accent"], test.colours["light"]["text"]) == (
        "#005eb8",
        "#000000",
    )
    assert live.digest != test.digest


def test_variables_set_a_brand_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPASS_BRANDING__NAME", "Acme")
    monkeypatch.setenv("GATEPASS_BRANDING__DARK__ACCENT", "#ffffff")
    monkeypatch.setenv("GATEPASS_SANDBOX__BRANDING__NAME", "Acme tests")

    found = load(data=tmp_path)

    assert [found.brand(mode).name for mode in (Mode.LIVE, Mode.TEST)] == ["Acme", "Acme tests"]
    assert found.brand(Mode.TEST).colours["dark"]["accent"] == "#ffffff"


def test_a_text_has_paragraphs(tmp_path: Path) -> None:
    text = "login_text = '''\nOne,\nline.\n \n\nTwo.\n'''"

    brand = _loaded(tmp_path, f"[branding]\n{text}\n").brand(Mode.LIVE)

    assert brand.login_text == ("One, line.", "Two.")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[branding]\nnmae = 'x'", "branding.nmae: unknown setting"),
        ("[sandbox.branding]\nnmae = 'x'", "sandbox.branding.nmae: unknown setting"),
        ("[branding]\nname = 'a\\nb'".replace("'", '"'), "one line"),
        (f"[branding]\nname = '{'x' * 61}'", "60"),
        ("[branding.light]\naccent = 'red'", "branding.light.accent: must be a colour"),
        ("[branding.light]\naccent = '#0f5e7'", "must be a colour"),
        ("[branding.light]\naccent = '#000;}*{display:none'", "must be a colour"),
        ("[branding.light]\naccent = '#ffcc00'", "branding: in light, accent #ffcc00"),
        ("[branding.dark]\nedge = '#161c1e'", "branding: in dark, edge #161c1e on background"),
        (
            "[sandbox.branding.light]\non_accent = '#0f5e70'",
            "sandbox.branding: in light, on_accent #0f5e70 on accent #0f5e70",
        ),
        ("[branding]\nsupport = 'call us'", "branding.support: must be an email address"),
        ("[branding]\nsupport = 'javascript:alert(1)'", "branding.support"),
        ("[branding]\nterms_url = 'http://acme.example/'", "branding.terms_url: must be an https"),
        ("[branding]\nprivacy_url = 'javascript:alert(1)'", "branding.privacy_url"),
        ("[branding]\nprivacy_url = 'https:///x'", "branding.privacy_url"),
        ('[branding]\nlogin_text = "a\\u0000b"', "branding.login_text"),
        ('[branding]\nlogin_text = "a\\u202eb"', "branding.login_text: must be plain text"),
        (f"[branding]\nfirst_page_text = '{'x' * 2001}'", "2000"),
        ("[branding]\nlogo = 'none.svg'", "branding: logo: there is no file"),
        ("[branding]\nlogo_dark = 'none.svg'", "branding: logo_dark: set logo, too"),
        ("[branding]\nlogo = 'gatepass.toml'", "neither .svg nor .png"),
        ("[branding]\nicon = 'script.svg'", "branding: icon: "),
        ("[sandbox.branding]\nlogo = 'script.svg'", "sandbox.branding: logo: "),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_in_one_line_that_names_it(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "script.svg").write_text(DRAWING.replace("<rect", "<script/><rect"))

    with pytest.raises(SettingsError) as caught:
        _loaded(tmp_path, text)

    assert says in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_the_name_of_a_served_file_is_not_that_of_the_operators_file(tmp_path: Path) -> None:
    (tmp_path / "internal name.png").write_bytes(picture())

    brand = _loaded(tmp_path, "[branding]\nicon = 'internal name.png'").brand(Mode.LIVE)

    assert list(brand.files) == ["icon.png"]
