"""The Django application: it checks the setting GATEPASS_GUARD."""

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from gatepass.guard.django.configuration import SETTING, configured, configured_exempt, exempt_paths


class GuardConfig(AppConfig):  # type: ignore[misc] # Django has no type hints
    """Makes `manage.py check` check the setting, if it is in INSTALLED_APPS."""

    name = "gatepass.guard.django"
    label = "gatepass_guard"
    verbose_name = "Gatepass guard"


@checks.register(checks.Tags.security)  # type: ignore[untyped-decorator] # Django has no type hints
def check_setting(**_apps: object) -> list[checks.CheckMessage]:
    """Report a setting that is invalid to `manage.py check`."""
    if getattr(settings, SETTING, None) is None:
        return []
    try:
        configured()
        exempt_paths(configured_exempt())
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="gatepass.E001")]
    return []
