"""The least Django project that serves django-oauth-toolkit with its defaults.

gunicorn serves `application`; as a program it makes the database with one client.
"""

import os

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

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
)
django.setup()

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
application = get_wsgi_application()


def prepare() -> None:
    """Make the tables and the client, whose secret is hashed as it is saved."""
    call_command("migrate", verbosity=0)
    from oauth2_provider.models import get_application_model  # models need a set-up Django

    model = get_application_model()
    model.objects.create(
        name="bench",
        client_id=os.environ["BENCH_CLIENT_ID"],
        client_secret=os.environ["BENCH_CLIENT_SECRET"],
        client_type=model.CLIENT_CONFIDENTIAL,
        authorization_grant_type=model.GRANT_CLIENT_CREDENTIALS,
    )


if __name__ == "__main__":
    prepare()
