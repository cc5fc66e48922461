"""Every text of every page comes from the catalogue: looked at in a language of brackets."""

from types import SimpleNamespace

import pytest

from browser.pages import PAGES
from browser.samples import Sample
from gatepass.server.admin.console.rendering import TEMPLATES
from translation.pseudo import PSEUDO, Untranslated, values_of


@pytest.mark.parametrize("sample", PAGES, ids=lambda sample: sample.name)
def test_a_page_shows_nothing_that_is_in_no_catalogue(sample: Sample) -> None:
    around = SimpleNamespace(**{**vars(sample.context["site"]), "language": PSEUDO})
    html = TEMPLATES.get_template(sample.template).render({**sample.context, "site": around})
    page = Untranslated(values_of(sample.context))

    page.feed(html)

    assert "\n".join(page.found) == ""
