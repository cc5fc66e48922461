"""Every page fits a phone in German, whose words are long, and from right to left."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser.preview import render
from gatepass.translation.language import Language, language
from translation.pseudo import RIGHT_TO_LEFT

# What is out of the screen, apart from what is hidden there or scrolls by itself.
_OUTSIDE = """() => {
  const found = document.documentElement.scrollWidth > innerWidth ? ["the page itself"] : [];
  for (const each of document.querySelectorAll("header *, main *, footer *")) {
    const { left, right, width } = each.getBoundingClientRect();
    const isOutside = width > 1 && (left < -1 || right > innerWidth + 1);
    if (isOutside && !each.closest("pre, figure, nav, .unseen")) found.push(each.outerHTML);
  }
  return found.map((each) => each.slice(0, 200));
}"""


@pytest.mark.parametrize("reads", [language("de"), RIGHT_TO_LEFT], ids=["German", "right-to-left"])
def test_every_page_fits_the_screen(browser: Browser, tmp_path: Path, reads: Language) -> None:
    outside: dict[str, list[str]] = {}
    window = browser.new_page(viewport={"width": 360, "height": 800})
    for page in render(tmp_path, reads):
        window.goto(page.as_uri())
        found = window.evaluate(_OUTSIDE)
        if found:
            outside[page.stem] = found
    window.close()

    assert outside == {}
