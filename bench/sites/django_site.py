"""One view that does nothing: open, behind two guards, and protected by django-oauth-toolkit.

gunicorn serves `application`. As a program it makes the database, with the access tokens that it
reads from its standard input, one a line.
"""

import os
import sys
from datetime import timedelta

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone

from bench.guard.jwt_issuer import API, ISSUER

settings.configure(
    SECRET_KEY="only-for-a-database-that-lives-for-one-run",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["BENCH_DATABASE"],
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    GATEPASS_GUARD={
        "issuer": ISSUER,
        "resource": API,
        "jwks_uri": os.environ["BENCH_JWKS_URI"],
    },
)
django.setup()

from oauth2_provider.decorators import protected_resource

from gatepass.guard.django import Guard, requires


def everyone(_request: HttpRequest) -> JsonResponse:
    """Answer everyone."""
    return JsonResponse({"status": "ok"})


asks = Guard(os.environ["BENCH_GATEPASS"])  # its credentials are in the environment

urlpatterns = [
    path("open", everyone),
    path("guarded", requires("read")(everyone)),
    path("asked", asks.requires("read")(everyone)),
    path("protected", protected_resource(scopes=["read"])(everyone)),
]
application = get_wsgi_application()


def prepare(tokens: list[str]) -> None:
    """Make the tables, a client, and access tokens of it."""
    call_command("migrate", verbosity=0)
    from oauth2_provider.models import get_access_token_model, get_application_model

    model = get_application_model()
    client = model.objects.create(
        name="bench",
        client_type=model.CLIENT_CONFIDENTIAL,
        authorization_grant_type=model.GRANT_CLIENT_CREDENTIALS,
    )
    expires = timezone.now() + timedelta(hours=10)
    of_it = {"application": client, "scope": "read write", "expires": expires}
    for token in tokens:
        get_access_token_model().objects.create(token=token, **of_it)


if __name__ == "__main__":
    prepare(sys.stdin.read().split())
