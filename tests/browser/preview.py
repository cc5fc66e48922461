"""Render every page of the portal with sample contexts to static HTML, for review.

    python tests/browser/preview.py DIRECTORY                 the pages
    python tests/browser/preview.py DIRECTORY --screenshots   and their pictures, and what axe says

`PYTHONPATH=tests` is needed, as under pytest.
"""

import argparse
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace as Thing

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from browser.pages import PAGES
from gatepass.server.admin.console.rendering import TEMPLATES
from gatepass.translation.language import ENGLISH, Language, codes, language
from translation.pseudo import RIGHT_TO_LEFT

SCHEMES = ("light", "dark")


def render(directory: Path, reads: Language) -> list[Path]:
    """Write the pages in a language, and their static files, into `directory`; give the pages."""
    static = str(files("gatepass.server.portal").joinpath("static"))
    shutil.copytree(static, directory / "static", dirs_exist_ok=True)
    pages = []
    for sample in PAGES:
        for name, file in sample.context["site"].brand.files.items():
            (directory / "static" / name).write_bytes(file.content)
        page = directory / f"{sample.name}.html"
        site = Thing(**{**vars(sample.context["site"]), "language": reads})
        context = {**sample.context, "site": site}
        page.write_text(TEMPLATES.get_template(sample.template).render(context))
        pages.append(page)
    return pages


def look(browser: Browser, page: Path, width: int, scheme: str) -> list[str]:
    """Take the picture of `page`; give what axe objects to and what does not fit the width."""
    view = browser.new_page(viewport={"width": width, "height": 800})
    view.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    view.goto(page.as_uri())
    view.screenshot(path=page.with_name(f"{page.stem}-{width}-{scheme}.png"), full_page=True)
    where = f"{page.stem} at {width}, {scheme}"
    found = [
        f"{where}: {violation['id']}: {node['html']}"
        for violation in Axe().run(view).response["violations"]
        for node in violation["nodes"]
    ]
    if view.evaluate("document.documentElement.scrollWidth") > width:
        found.append(f"{where}: wider than the screen")
    view.close()
    return found


def main() -> int:
    """Render the pages, take pictures where asked; the exit status says whether all is well."""
    parser = argparse.ArgumentParser(description="Render every page of the portal for review.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--screenshots", action="store_true")
    parser.add_argument("--widths", type=int, nargs="+", default=[1280, 360])
    parser.add_argument("--language", choices=codes(), default=ENGLISH)
    parser.add_argument("--right-to-left", action="store_true", help="mirrored, in English")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    asked = parser.parse_args()
    reads = RIGHT_TO_LEFT if asked.right_to_left else language(asked.language)
    pages = render(asked.directory, reads)
    found: list[str] = []
    if asked.screenshots:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=asked.chromium, args=["--no-sandbox"]
            )
            for page in pages:
                for width in asked.widths:
                    for scheme in SCHEMES:
                        found += look(browser, page, width, scheme)
            browser.close()
    sys.stdout.write("\n".join([*found, f"{len(pages)} pages, {len(found)} objections", ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
