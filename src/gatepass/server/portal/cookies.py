"""The portal's cookies: ids of session, browser and a login that waits; a language (ASVS 3.3)."""

from starlette.responses import Response

from gatepass.server.domain.users.sessions.linked.model import VERIFIER_LIFETIME
from gatepass.server.domain.users.sessions.second_step import LIFETIME
from gatepass.server.environment.environment import Environment
from gatepass.wire.secret import Secret

_LOGIN_LIVES = int(LIFETIME.total_seconds())
_DEVICE_LIVES = 400 * 24 * 3600  # seconds; browsers keep no cookie longer


def session_name(environment: Environment) -> str:
    """Return the session cookie's name; it names the environment, as cookies ignore the port."""
    return f"{_prefix(environment)}gatepass_session_{environment.mode}"


def device_name(environment: Environment) -> str:
    """Return the name of the cookie with the device id."""
    return f"{_prefix(environment)}gatepass_device_{environment.mode}"


def language_name(environment: Environment) -> str:
    """Return the name of the cookie with the language that was chosen before the login."""
    return f"{_prefix(environment)}gatepass_language_{environment.mode}"


def set_language(response: Response, environment: Environment, code: str) -> None:
    """Set the cookie with the language of this browser."""
    _set(response, environment, language_name(environment), code, _DEVICE_LIVES)


def login_name(environment: Environment) -> str:
    """Return the name of the cookie of a login that waits for its second step."""
    return f"{_prefix(environment)}gatepass_login_{environment.mode}"


def set_login(response: Response, environment: Environment, login_id: Secret) -> None:
    """Set the cookie of a login that waits for its second step."""
    _set(response, environment, login_name(environment), login_id.value, _LOGIN_LIVES)


def drop_login(response: Response, environment: Environment) -> None:
    """Delete the cookie of a login that waited."""
    _set(response, environment, login_name(environment), "", 0)


def verifier_name(environment: Environment) -> str:
    """Return the name of the cookie that binds a login by production's accounts to its browser."""
    return f"{_prefix(environment)}gatepass_verifier_{environment.mode}"


def set_session(response: Response, environment: Environment, session_id: Secret) -> None:
    """Set the session cookie, which lasts until the browser closes."""
    _set(response, environment, session_name(environment), session_id.value, None)


def set_device(response: Response, environment: Environment, device_id: Secret) -> None:
    """Set the cookie with the device id."""
    _set(response, environment, device_name(environment), device_id.value, _DEVICE_LIVES)


def sets_session(response: Response, environment: Environment) -> bool:
    """Return whether a response sets or deletes the session cookie."""
    start = f"{session_name(environment)}="
    return any(each.startswith(start) for each in response.headers.getlist("set-cookie"))


def set_verifier(response: Response, environment: Environment, verifier: Secret) -> None:
    """Set the cookie with the verifier, for as long as a login in production may take."""
    lives = int(VERIFIER_LIFETIME.total_seconds())
    _set(response, environment, verifier_name(environment), verifier.value, lives)


def drop_session(response: Response, environment: Environment) -> None:
    """Delete the session cookie."""
    _set(response, environment, session_name(environment), "", 0)


def _prefix(environment: Environment) -> str:
    return "__Host-" if environment.is_https else ""


def _set(
    response: Response, environment: Environment, name: str, value: str, lives: int | None
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=lives,
        path="/",
        secure=environment.is_https,
        httponly=True,
        samesite="lax",
    )
