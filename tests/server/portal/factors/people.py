"""What a person does with second factors in the browser of a test."""

import re
from base64 import b32decode
from datetime import UTC, datetime

from httpx2 import Response

from gatepass.server.domain.users.factors import totp
from gatepass.testing import Clock
from server.portal.factors.authenticator import Authenticator, options_in
from server.portal.fixtures import Browser

FACTORS = "/account/factors/"
APPS, PASSKEYS = f"{FACTORS}apps/add/", f"{FACTORS}passkeys/add/"
CODES = f"{FACTORS}recovery-codes/"
SECOND_STEP = "/accounts/login/second-step/"
_SETUP = re.compile(r'name="setup" value="([^"]*)"')
_KEY = re.compile(r'<code id="key"[^>]*>([^<]*)</code>')
_CODE = re.compile(r"\b(?:[a-z2-7]{4}-){5}[a-z2-7]{4}\b")


class App:
    """An authenticator app, which shows the code of the clock's time."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self.secret = secret
        self._clock = clock

    def code(self, seconds_off: float = 0) -> str:
        now = datetime.fromtimestamp(self._clock() + seconds_off, UTC)
        return totp.code(self.secret, totp.step_of(now))


def add_app(browser: Browser, clock: Clock, name: str = "My phone") -> App:
    """Set up an authenticator app; its next code works 30 seconds later."""
    page = browser.get(APPS).text
    app = App(b32decode(_KEY.findall(page)[0].replace(" ", "")), clock)
    added = browser.post(APPS, setup=_SETUP.findall(page)[0], name=name, code=app.code())
    assert added.status_code == 303, added.text
    clock.advance(30)
    return app


def setup_of(page: Response) -> tuple[str, bytes]:
    """Return the hidden set-up in a page, and the secret that it shows."""
    key = b32decode(_KEY.findall(page.text)[0].replace(" ", ""))
    return _SETUP.findall(page.text)[0], key


def add_passkey(browser: Browser, authenticator: Authenticator, name: str = "Laptop") -> Response:
    """Add a passkey."""
    answer = authenticator.create(options_in(browser.get(PASSKEYS).text))
    return browser.post(PASSKEYS, name=name, credential=answer)


def recovery_codes(browser: Browser) -> list[str]:
    """Return the recovery codes that the page shows once."""
    return list(map(str, _CODE.findall(browser.get(CODES).text)))
