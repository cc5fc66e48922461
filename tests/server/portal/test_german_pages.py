"""Pages as the server makes them: what has a German text is not shown in English."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files

from babel.messages.pofile import read_po

from server.portal.fixtures import Browser, PortalServer
from translation.pseudo import EMPTY

OF_APPLICATION = (
    *("", "credentials/", "rotation/", "uses/", "usage/", "refusals/", "settings/", "activity/"),
    *("danger/", "guide/", "automatic-rotation/", "keys/", "copy/"),
)
OTHERS = (
    *("/oauth2/applications/", "/oauth2/applications/register/", "/oauth2/applications/usage/"),
    *("/team/", "/team/add/", "/team/policies/", "/team/single-sign-on/", "/activity/"),
    *("/team/webhooks/", "/team/webhooks/add/"),
    *("/account/", "/account/factors/", "/account/factors/apps/add/", "/accounts/password/"),
)
VALUE = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")


class Texts(HTMLParser):
    """The texts of a page, apart from code and from what must not be translated."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._path: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in EMPTY:
            is_code = tag in {"code", "pre", "script", "style", "svg"}
            self._path.append(is_code or given.get("translate") == "no" or "lang" in given)

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            self._path.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._path[1:]) and data.strip():  # the first is html, which has a language
            self.found.append(" ".join(data.split()))


@cache
def english() -> re.Pattern[str]:
    """Return what matches an English text that has another one in German."""
    source = files("gatepass.translation") / "locales/de/LC_MESSAGES/gatepass.po"
    with source.open("rb") as opened:
        catalogue = read_po(opened, locale="de")
    return re.compile("|".join(dict.fromkeys(_patterns(catalogue))))


def _patterns(catalogue: object) -> Iterator[str]:
    for message in catalogue:  # type: ignore[attr-defined]
        one, translated = (
            each if isinstance(each, str) else each[-1] for each in (message.id, message.string)
        )
        literal = " ".join(VALUE.sub(" ", one).split())
        if one != translated and len(literal.split()) > 1:
            yield ".+".join(re.escape(part) for part in VALUE.split(one))


def shown(browser: Browser, path: str) -> dict[str, list[str]]:
    """Return the English texts of a page, by its path; nothing where there are none."""
    response = browser.get(path)
    assert response.status_code == 200, path
    texts = Texts()
    texts.feed(response.text)
    found = [text for text in texts.found if english().fullmatch(text)]
    return {path: found} if found else {}


def test_what_has_a_german_text_is_shown_in_german(portal: PortalServer) -> None:
    browser = portal.browser()
    browser.client.headers["accept-language"] = "de"
    in_english = shown(browser, "/accounts/login/") | shown(browser, "/accounts/recover/")
    browser.log_in("anna")
    application = browser.register()
    browser.post(f"{application}rotate/", secret_end="never", overlap="86400")

    hook = {"url": "https://hooks.example.com/", "events": "all"}
    secret = browser.post("/team/webhooks/add/", **hook).headers["location"]
    of_webhook = (secret, secret.removesuffix("secret/"), secret.replace("secret/", "change/"))

    for path in (*(application + page for page in OF_APPLICATION), *OTHERS, *of_webhook):
        in_english |= shown(browser, path)

    assert in_english == {}
