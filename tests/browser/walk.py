"""A browser window in the portal that inspects every page it comes to."""

from pathlib import Path
from typing import Literal, cast

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator


class Walk:
    """Opens pages, and notes what is wrong with them: axe, overflow, the console, the network."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        width: int,
        scheme: str,
        pictures: Path | None,
        *,
        scripts: bool,
    ) -> None:
        self.url = url
        self.width = width
        self.faults: list[str] = []
        self._pictures = pictures
        self._scripts = scripts
        self._scheme = cast("Literal['light', 'dark']", scheme)
        self._context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": 800},
            color_scheme=self._scheme,
            reduced_motion="reduce",  # no colour is on its way while it is measured
            java_script_enabled=scripts,
        )
        self._context.grant_permissions(["clipboard-read", "clipboard-write"])
        self._context.set_default_timeout(60_000)  # a busy machine is slow
        self.page = self._context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("dialog", lambda dialog: dialog.accept())

    def close(self) -> None:
        self._context.close()

    def go(self, path: str) -> None:
        self.page.goto(path)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        self.page.wait_for_load_state()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()
        self.page.wait_for_load_state()

    def tab(self, name: str) -> None:
        """Go to another page of the application."""
        self.page.locator(".tabs").get_by_role("link", name=name, exact=True).click()
        self.page.wait_for_load_state()

    def log_in(self, username: str, password: str) -> None:
        self.go("/accounts/login/")
        self.field("Username").fill(username)
        self.field("Password").fill(password)
        self.press("Log in")

    def choose_password(self, initial: str, new: str) -> None:
        self.field("Initial password").fill(initial)
        self.field("New password").fill(new)
        self.field("New password, again").fill(new)
        self.press("Set the password")

    def register(self, name: str) -> None:
        self.go("/oauth2/applications/register/")
        self.field("Name").fill(name)
        self.press("Register")

    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def open(self, summary: str) -> None:
        """Open the confirmation behind a button."""
        self.page.locator("summary", has_text=summary).first.click()

    def inspect(self, name: str) -> None:
        """Look at the page: what axe says in both schemes, and whether it fits the width."""
        if self._pictures:
            self._pictures.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self._pictures / f"{name}.png", full_page=True)
        if not self._scripts:
            return
        found = Axe().run(self.page).response["violations"]
        other: Literal["light", "dark"] = "dark" if self._scheme == "light" else "light"
        self.page.emulate_media(color_scheme=other)
        contrast = {"runOnly": ["color-contrast"]}  # all that another scheme changes
        found += Axe().run(self.page, options=contrast).response["violations"]
        self.page.emulate_media(color_scheme=self._scheme)
        for violation in found:
            for node in violation["nodes"]:
                self.faults.append(f"{name}: {violation['id']}: {node['html']}")
        if self.page.evaluate("document.documentElement.scrollWidth") > self.width:
            self.faults.append(f"{name}: wider than {self.width} px")

    def _hear(self, message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        # A page with status 4xx is told here as well; the tests ask for a few of those.
        if kind == "error" and "the server responded with a status of 4" not in text:
            self.faults.append(f"console: {text}")
