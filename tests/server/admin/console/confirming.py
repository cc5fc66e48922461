"""The page between a form and its change: what it says, and how it is answered."""

import re
from html import unescape

from httpx2 import Response

from server.portal.fixtures import Browser

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_SENTENCE = re.compile(r"<li>(.*?)</li>", re.DOTALL)


def fields_of(page: Response, path: str) -> dict[str, str]:
    """Return the hidden fields of the form that is sent to `path`."""
    _, _, rest = page.text.partition(f'action="{path}"')
    found = _HIDDEN.findall(rest.partition("</form>")[0])
    return {name: unescape(value) for name, value in found if name != "csrf"}


def is_asked(page: Response, path: str) -> bool:
    """Return whether a page asks to confirm the form of `path`."""
    return fields_of(page, path).get("confirmed") == "yes"


def sentences(page: Response) -> list[str]:
    """Return what the page says of what stops."""
    _, _, rest = page.text.partition('class="bullets"')
    return [unescape(each) for each in _SENTENCE.findall(rest.partition("</ul>")[0])]


def confirm(browser: Browser, page: Response, path: str) -> Response:
    """Send the form that the page has."""
    return browser.post(path, **fields_of(page, path))
