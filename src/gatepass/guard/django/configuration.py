"""The setting GATEPASS_GUARD, and the guard that it describes."""

from collections.abc import Callable, Iterable, Mapping
from threading import Lock

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from gatepass.guard.core.exempt_paths import ExemptPaths
from gatepass.guard.django.guard import Guard, View, decorator
from gatepass.guard.model.requirements import Requirements, ScopeRequirement

SETTING = "GATEPASS_GUARD"


def requires(*scopes: ScopeRequirement, organization: str = "") -> Callable[[View], View]:
    """Return the decorator of the guard of the setting GATEPASS_GUARD; see `Guard.requires`.

    The setting is read at the first request.
    """
    return decorator(configured, Requirements.of(*scopes, organization=organization))


def configured() -> Guard:
    """Return the guard of the setting GATEPASS_GUARD, made at the first call.

    Raises ImproperlyConfigured for a missing or invalid setting.
    """
    with _configured.lock:
        if _configured.guard is None:
            _configured.guard = _from_settings()
        return _configured.guard


def configured_exempt() -> Iterable[str]:
    """Return the patterns of the setting's paths that need no token."""
    configuration: Iterable[str] = getattr(settings, SETTING, {}).get("exempt", ())
    return configuration


def exempt_paths(paths: Iterable[str]) -> ExemptPaths:
    """Return the paths that match `paths`; raise ImproperlyConfigured for an invalid pattern."""
    try:
        return ExemptPaths(paths)
    except ValueError as error:
        raise ImproperlyConfigured(f"{SETTING}: {error}") from None


def _from_settings() -> Guard:
    configuration = getattr(settings, SETTING, None)
    if not isinstance(configuration, Mapping):
        raise ImproperlyConfigured(f'set {SETTING} to a dict with "issuer" and "resource"')
    try:
        return Guard(**{name: value for name, value in configuration.items() if name != "exempt"})
    except (TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"{SETTING}: {error}") from error


class _Configured:
    """The guard of the settings, made once."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.guard: Guard | None = None

    def reset(self, *, setting: str, **_more: object) -> None:
        """Drop the guard when a test changes the setting."""
        if setting != SETTING:
            return
        with self.lock:
            if self.guard is not None:
                self.guard.close()
            self.guard = None


_configured = _Configured()
setting_changed.connect(_configured.reset)
