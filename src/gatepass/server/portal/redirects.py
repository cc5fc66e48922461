"""Targets of redirects: only paths of this portal."""

from urllib.parse import quote

from gatepass.server.domain.users.model import Role

LOGIN = "/accounts/login/"
PASSWORD = "/accounts/password/"  # noqa: S105 - a path
ACCOUNT = "/account/"
APPLICATIONS = "/oauth2/applications/"
RECOVER = "/accounts/recover/"
TEAM = "/team/"
POLICIES = "/team/policies/"

_LONGEST = 2000


def own_path(text: str | None) -> str:
    r"""Return `text` if it can only mean a path on this host, else an empty string.

    Browsers treat `//host` and `/\host` as another host and ignore tabs and line breaks,
    so these are rejected.
    """
    if not text or len(text) > _LONGEST or not text.startswith("/"):
        return ""
    if text.startswith("//") or "\\" in text or not text.isprintable() or not text.isascii():
        return ""
    return text


def landing(role: Role) -> str:
    """Return the path of the first page for a role."""
    return ACCOUNT if role == "user" else APPLICATIONS


def after_login(next_path: str | None, role: Role) -> str:
    """Return the path requested before the login, or the first page of the role."""
    path = own_path(next_path)
    return landing(role) if path in {"", "/", APPLICATIONS} else path


def login(next_path: str = "") -> str:
    """Return the path of the login page with the path to open afterwards."""
    path = own_path(next_path)
    return f"{LOGIN}?next={quote(path, safe='/')}" if path else LOGIN
