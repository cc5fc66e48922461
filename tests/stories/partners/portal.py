"""A partner's administrator in a browser, for stories in which the portal has to do something."""

import re
from html import unescape
from typing import NamedTuple, Self

import httpx2

from gatepass.server.cli.demo.pages import Page
from server_process import Organization, Server

PASSWORD = "four plain words and a fifth"
APPLICATIONS = "/oauth2/applications/"


class Copied(NamedTuple):
    """What the page that shows a secret once has shown."""

    app_id: str
    client_id: str
    client_secret: str


class Portal:
    """Keeps cookies, follows no redirects, sends forms with every hidden field."""

    def __init__(self, server: Server | str, environment: str = "production") -> None:
        address = server if isinstance(server, str) else server.url(environment)
        self.http = httpx2.Client(base_url=address, trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def log_in(self, username: str, password: str) -> httpx2.Response:
        return self.send("/accounts/login/", username=username, password=password)

    def begin(self, organization: Organization) -> None:
        """Log in for the first time and choose PASSWORD."""
        self.log_in(organization.username, organization.initial_password)
        changed = self.send(
            "/accounts/password/",
            current_password=organization.initial_password,
            new_password=PASSWORD,
            new_password_again=PASSWORD,
        )
        assert changed.status_code == 303, changed.status_code

    def page(self, path: str) -> Page:
        answer = self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return Page(answer.text)

    def send(self, action: str, on: str = "", **typed: str) -> httpx2.Response:
        """Open the page `on` (by default the form's own), fill in its form and send it."""
        form = self.page(on or action).forms[action]
        return self.http.post(action, data=form.filled(**typed))

    def register(self, name: str) -> str:
        """Register an application; give the id that the portal acknowledged."""
        answer = self.send(f"{APPLICATIONS}register/", name=name, same_name="yes")
        assert answer.status_code == 303, answer.status_code
        return answer.headers["location"].removeprefix(APPLICATIONS).partition("/")[0]

    def listed(self) -> str:
        """Return all pages of the list of applications."""
        url, pages = APPLICATIONS, ""
        while url:
            text = self.http.get(url).text
            pages += text
            following = re.search(r'href="([^"]*)" rel="next"', text)
            url = unescape(following[1]) if following else ""
        return pages

    def rotate(self, app_id: str) -> None:
        """Rotate the secret without overlap."""
        where = f"{APPLICATIONS}{app_id}/"
        answer = self.send(f"{where}rotate/", on=f"{where}rotation/", overlap="0")
        assert answer.status_code == 303, answer.status_code

    def copy(self, app_id: str) -> Copied:
        """Copy the credentials from the page that shows them once, and leave it."""
        where = f"{APPLICATIONS}{app_id}/"
        page = self.page(f"{where}credentials/")
        form = page.forms[f"{where}stored/"]
        assert self.http.post(form.action, data=form.filled(stored="yes")).status_code == 303
        return Copied(app_id, page.texts["client-id"], page.texts["client-secret"])
