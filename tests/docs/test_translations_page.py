"""The page about translations: its examples, and the steps for another language."""

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.pofile import read_po

from browser.samples import NOW, site
from docs.page import ROOT
from gatepass.server.portal.rendering import template_environment
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

PAGE = (ROOT / "docs" / "contribute" / "translations.md").read_text()


def block(language: str) -> str:
    [text] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(text)


def test_the_template_of_the_page_is_one() -> None:
    text = '{% import "macros.html" as m with context %}' + block("jinja")
    app = SimpleNamespace(name="<Billing>", created_at=NOW)

    shown = template_environment().from_string(text).render(site=site(), app=app)

    assert "<h2>Second factors</h2>" in shown
    assert "<strong>&lt;Billing&gt;</strong>, created <time" in shown


def test_the_python_of_the_page_raises_what_a_page_translates() -> None:
    names = {"OAuthError": OAuthError, "Message": Message, "name": "Billing"}

    with pytest.raises(OAuthError) as caught:
        exec(block("python"), names)

    assert caught.value.message == "Billing is taken. Choose another name."
    assert isinstance(caught.value.message, Message)


def test_the_steps_of_the_page_make_a_catalogue(tmp_path: Path) -> None:
    locales = "src/gatepass/translation/locales"
    shutil.copytree(ROOT / locales, tmp_path / locales)
    indented = re.findall(r"   ```console\n(.*?)```", PAGE, re.DOTALL)
    script = "".join(
        line.partition("$ ")[2] + "\n"
        for each in indented
        for line in each.splitlines()
        if "$ " in line
    )

    subprocess.run(["bash", "-e"], cwd=tmp_path, input=script, text=True, check=True)

    with (tmp_path / locales / "fr/LC_MESSAGES/gatepass.po").open("rb") as opened:
        assert len(read_po(opened, locale="fr")) > 1000
