"""Where a person is sent: only ever to a path of this portal."""

from urllib.parse import quote

from gatepass.server.domain.users.model import Role

LOGIN = "/accounts/login/"
PASSWORD = "/accounts/password/"  # noqa: S105 - a path
ACCOUNT = "/account/"
APPLICATIONS = "/oauth2/applications/"
TEAM = "/team/"

_LONGEST = 2000


def own_path(text: str | None) -> str:
    r"""Give `text` if it can only mean a path on this host, else nothing.

    A browser takes `//host` and `/\host` for another host, and drops tabs and line breaks
    before it looks, so those never pass.
    """
    if not text or len(text) > _LONGEST or not text.startswith("/"):
        return ""
    if text.startswith("//") or "\\" in text or not text.isprintable() or not text.isascii():
        return ""
    return text


def landing(role: Role) -> str:
    """Give the first page of somebody with this role."""
    return ACCOUNT if role == "user" else APPLICATIONS


def after_login(wanted: str | None, role: Role) -> str:
    """Give the page that was wanted before the login came in between, or the first one."""
    path = own_path(wanted)
    return landing(role) if path in {"", "/", APPLICATIONS} else path


def login(wanted: str = "") -> str:
    """Give the login page's address, with the page that is to follow."""
    path = own_path(wanted)
    return f"{LOGIN}?next={quote(path, safe='/')}" if path else LOGIN
