"""The guard in Django: a decorator for views, and middleware for sites; an adapter of `core`.

    # settings.py
    GATEPASS_GUARD = {"issuer": "https://login.example.com", "resource": "https://api.example.com"}
    INSTALLED_APPS = [..., "gatepass.guard.django.GuardConfig"]  # for `manage.py check`

    # views.py
    @requires("read")
    def meters(request):
        return JsonResponse({"client_id": request.principal.client_id})

A project with several guards uses `Guard(...).requires` instead of the setting's.
"""

from gatepass.guard.django.apps import GuardConfig
from gatepass.guard.django.configuration import configured, requires
from gatepass.guard.django.guard import Guard
from gatepass.guard.django.middleware import GuardMiddleware
from gatepass.guard.model.error_response import Denied
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.guard.model.requirements import any_of

__all__ = [
    "Denied",
    "Expectation",
    "Guard",
    "GuardConfig",
    "GuardMiddleware",
    "Principal",
    "any_of",
    "configured",
    "requires",
]
