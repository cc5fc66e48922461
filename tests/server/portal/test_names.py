"""Each page, as somebody hears it who moves from link to link, or from button to button."""

import pytest

from browser.names import unclear
from browser.pages import PAGES
from browser.samples import Sample
from gatepass.server.admin.console.rendering import TEMPLATES


@pytest.mark.parametrize("sample", PAGES, ids=lambda sample: sample.name)
def test_no_two_links_buttons_or_tables_of_a_page_sound_alike(sample: Sample) -> None:
    page = TEMPLATES.get_template(sample.template).render(sample.context)

    assert unclear(page) == []


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="/1">Here</a>', "a is called 'Here'"),
        ('<button><span aria-hidden="true">x</span></button>', "button is called ''"),
        ('<a href="/1">See it</a><a href="/2">See  it</a>', "links 'See it' lead to /1, /2"),
        ("<button>Revoke</button><p><button>Revoke</button>", "2 x button 'Revoke'"),
        ("<summary>Rename</summary><summary>Rename</summary>", "2 x summary 'Rename'"),
        ("<table><tr><td>1</td></tr></table>", "a table has no name"),
        ("<table><caption>Uses</caption></table>" * 2, "2 x table 'Uses'"),
    ],
)
def test_what_sounds_alike_is_found(html: str, found: str) -> None:
    assert found in unclear(html)


def test_what_is_told_apart_is_not_found() -> None:
    page = """
        <nav aria-label="Main"><a href="/activity/">Activity</a></nav>
        <nav aria-label="Billing"><a href="/1/activity/">Activity</a></nav>
        <button>Revoke<span class="unseen">: the secret ending in 7Cq5</span></button>
        <button>Revoke<span class="unseen">: the secret ending in b81X</span></button>
        <a href="/1"><img src="x.png" alt="Start">page<br></a><a href="/1">Startpage</a>
        <button aria-label="Close">x</button>
        <table aria-label="Uses"></table>
    """

    assert unclear(page) == []
