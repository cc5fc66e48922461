"""A person who is asked for a proof: what the page keeps, and how it is answered."""

import re
from html import unescape

from httpx2 import Response

from server.portal.fixtures import PASSWORD, Browser

VERIFY = "/accounts/verify/"
ASKED = "Confirm that it is you"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def hidden(text: str, action: str = VERIFY) -> dict[str, str]:
    """Return the hidden fields of the form on a page."""
    form = text.partition(f'action="{action}"')[2].partition("</form>")[0]
    return {name: unescape(value) for name, value in _HIDDEN.findall(form)}


def prove(browser: Browser, page: Response, password: str = PASSWORD, **proof: str) -> Response:
    """Answer the page that asks for a proof, as a browser does; by default with the password."""
    typed = proof or {"current_password": password}
    return browser.send(VERIFY, {**hidden(page.text), **typed})
