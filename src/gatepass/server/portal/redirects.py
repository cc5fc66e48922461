"""Targets of redirects: only paths of this portal."""

from urllib.parse import quote

from gatepass.server.domain.users.model import Role

LOGIN = "/accounts/login/"
LOGOUT = "/accounts/logout/"
PASSWORD = "/accounts/password/"  # noqa: S105 - a path
ACCOUNT = "/account/"
ACCOUNT_LANGUAGE = "/account/language/"
LANGUAGE = "/language/"
APPLICATIONS = "/oauth2/applications/"
FACTORS = "/account/factors/"
REGISTER = "/oauth2/applications/register/"
COPY = "/oauth2/applications/copy/"
"""Where the settings of an application of the other environment are copied to a new one."""
ACTIVITY = "/activity/"
CONSOLE = "/console/"
"""The first page of operators."""
RECOVER = "/accounts/recover/"
SECOND_STEP = "/accounts/login/second-step/"
VERIFY = "/accounts/verify/"
TEAM = "/team/"
POLICIES = "/team/policies/"
WEBHOOKS = "/team/webhooks/"
"""Of each environment, also of a sandbox whose people are those of production."""
ENDED = f"{LOGIN}?done=ended"
LOGGED_OUT = f"{LOGIN}?done=logout"
"""Login pages of a sandbox without accounts of its own, which do not lead to production at once.

Browsers apply `form-action` to redirects, too: after a form no page may lead to another host.
"""
SANDBOX = "/accounts/sandbox/"
"""Where production gives a browser a code for the sandbox."""
PROVE = f"/accounts/verify/?next={SANDBOX}?done=proof"
"""Where production asks for a proof that the sandbox needs."""
PROVE_BY_PROVIDER = "/account/single-sign-on/proof/"
"""Where somebody logs in again at the provider of their organization."""
CODE = "/accounts/code/"
"""Where the sandbox takes a code."""

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


def second_step(next_path: str = "") -> str:
    """Return the path of the login's second step with the path to open afterwards."""
    path = own_path(next_path)
    return f"{SECOND_STEP}?next={quote(path, safe='/')}" if path else SECOND_STEP


def of_other_environment(path: str, *, has_own_accounts: bool = True) -> str:
    """Return the path at which somebody goes on in the other environment: the same kind of page.

    Its applications, people and links are others, so a page of one leads to the list. Without
    accounts of its own, as a sandbox may be, it has no team and no account page.
    """
    kinds = (REGISTER, APPLICATIONS, ACTIVITY, WEBHOOKS)
    of_accounts = ("/team/add/", "/team/invite/", TEAM, ACCOUNT)
    every = (*kinds, *(of_accounts if has_own_accounts else ()))
    return next((each for each in every if path.startswith(each)), "/")


def login(next_path: str = "") -> str:
    """Return the path of the login page with the path to open afterwards."""
    return _before(LOGIN, next_path)


def verify(next_path: str) -> str:
    """Return the path of the page that asks for a proof, with the path to open afterwards."""
    return _before(VERIFY, next_path)


def _before(page: str, next_path: str) -> str:
    path = own_path(next_path)
    return f"{page}?next={quote(path, safe='/')}" if path else page
