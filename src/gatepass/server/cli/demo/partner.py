"""The partner: a user with a browser, and a server with credentials."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urljoin

import httpx2

from gatepass.server.cli.demo.pages import Page
from gatepass.server.cli.demo.transcript import Transcript
from gatepass.wire import metadata
from gatepass.wire.secret import Secret

_LOGIN = "/accounts/login/"
_PASSWORD = "/accounts/password/"  # noqa: S105 - a path
_APPLICATIONS = "/oauth2/applications/"
_REGISTER = _APPLICATIONS + "register/"
_TIMEOUT = 30  # seconds


class DemoError(Exception):
    """A step of the demo failed; the message is one line."""


class Credentials(NamedTuple):
    """The credentials, copied from the page that shows them once."""

    client_id: str
    client_secret: Secret


class Administrator:
    """The partner's administrator, in a browser that keeps cookies."""

    def __init__(self, address: str, transcript: Transcript) -> None:
        self._browser = httpx2.Client(base_url=address, timeout=_TIMEOUT, trust_env=False)
        self._address = address
        self._transcript = transcript

    def log_in(self, username: str, password: Secret) -> None:
        """Log in with the initial password, which opens the password page."""
        self._transcript.step(f"{username} logs in with the initial password.")
        typed = {"username": username, "password": password.value}
        self._submit(_LOGIN, typed)
        self._transcript.step(
            "Until the password is changed, every other page redirects to the password page."
        )
        self._transcript.command(["curl", "-i", "-b", "jar", self._address + _APPLICATIONS])
        response = self._browser.get(_APPLICATIONS)
        self._transcript.show_response(response, "location")
        _expect(response, 303)
        if response.headers["location"] != _PASSWORD:
            raise DemoError(f"The portal redirected to {response.headers['location']}.")

    def change_password(self, current: Secret, new: Secret) -> None:
        """Choose a new password."""
        self._transcript.step("The administrator chooses a new password.")
        typed = {
            "current_password": current.value,
            "new_password": new.value,
            "new_password_again": new.value,
        }
        self._submit(_PASSWORD, typed)

    def register(self, name: str) -> Credentials:
        """Register an application and copy its credentials from the page that shows them once."""
        self._transcript.step(
            f'An application is registered: "{name}", Confidential, Client Credentials.'
        )
        typed = {
            "name": name,
            "client_type": "confidential",
            "authorization_grant_type": "client-credentials",
            "redirect_uris": "",
            "scope_read": "yes",
            "scope_write": "yes",
        }
        return self._copy(self._submit(_REGISTER, typed))

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()

    def _copy(self, path: str) -> Credentials:
        self._transcript.step("The credentials are copied; this page shows the secret once.")
        self._transcript.command(["curl", "-b", "jar", urljoin(self._address, path)])
        page = self._open(path)
        secret = Secret(page.texts.get("client-secret", "").strip())
        self._transcript.hide(secret.value)
        client_id = page.texts.get("client-id", "").strip()
        self._transcript.show([f"Client id      {client_id}", f"Client secret  {secret.value}"])
        stored = next((action for action in page.forms if action.endswith("/stored/")), "")
        if not client_id or not secret.value or not stored:
            raise DemoError(f"The page {path} shows no credentials.")
        _expect(self._browser.post(stored, data=page.forms[stored].filled(stored="yes")), 303)
        return Credentials(client_id, secret)

    def _open(self, path: str) -> Page:
        response = self._browser.get(path)
        _expect(response, 200)
        return Page(response.text)

    def _submit(self, path: str, typed: dict[str, str]) -> str:
        """Open a page, send its form, with the CSRF token; return the path it redirects to."""
        form = self._open(path).forms.get(path)
        if form is None:
            raise DemoError(f"The page {path} has no form for {path}.")
        for name in ("csrf", "once"):
            self._transcript.hide(form.fields.get(name, ""))
        sent = form.filled(**typed)
        words = [part for name, text in sent.items() for part in _data(name, text)]
        self._transcript.command(
            ["curl", "-i", "-b", "jar", "-c", "jar", self._address + path, *words]
        )
        response = self._browser.post(path, data=sent)
        self._transcript.show_response(response, "location")
        _expect(response, 303)
        return response.headers["location"]


class PartnerServer:
    """The partner's server, which has only the credentials."""

    def __init__(self, address: str, credentials: Credentials, transcript: Transcript) -> None:
        self._http = httpx2.Client(base_url=address, timeout=_TIMEOUT, trust_env=False)
        self._address = address
        self._credentials = credentials
        self._transcript = transcript

    def get_token(self) -> Secret:
        """Request an access token with HTTP Basic (RFC 6749 §4.4.2)."""
        self._transcript.step("The server requests an access token.")
        grant = {"grant_type": "client_credentials"}
        response = self._post(metadata.TOKEN, grant)
        token = Secret(str(response.json().get("access_token", "")))
        self._transcript.hide(token.value)
        self._transcript.show_response(response)
        _expect(response, 200)
        return token

    def call(self, path: str, token: Secret, status: int) -> None:
        """Call the Partner API with the token (RFC 6750 §2.1)."""
        url = self._address + metadata.PARTNER_API + path
        authorization = f"Bearer {token.value}"
        self._transcript.command(["curl", "-i", url, "-H", f"Authorization: {authorization}"])
        response = self._http.get(url, headers={"Authorization": authorization})
        self._transcript.show_response(response, "www-authenticate")
        _expect(response, status)

    def revoke(self, token: Secret) -> None:
        """Revoke the token (RFC 7009)."""
        self._transcript.step("The token is revoked.")
        response = self._post(metadata.REVOKE, {"token": token.value})
        self._transcript.show_response(response)
        _expect(response, 200)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _post(self, path: str, form: Mapping[str, str]) -> httpx2.Response:
        client_id, secret = self._credentials
        words = ["-u", f"{client_id}:{secret.value}"]
        words += [part for name, text in form.items() for part in ("-d", f"{name}={text}")]
        self._transcript.command(["curl", "-i", self._address + path, *words])
        return self._http.post(path, data=dict(form), auth=(client_id, secret.value))


def _data(name: str, text: str) -> tuple[str, str]:
    is_plain = text.replace("-", "").replace("_", "").isalnum() or not text
    return ("-d" if is_plain else "--data-urlencode"), f"{name}={text}"


def _expect(response: httpx2.Response, status: int) -> None:
    if response.status_code != status:
        where = f"{response.request.method} {response.request.url.path}"
        raise DemoError(f"{where} answered {response.status_code} in place of {status}.")
