"""A Django site with django-oauth-toolkit, run as a program of its own.

`python django_site.py DATABASE_URL` reads from standard input what shall be in it: users, and
applications with their fields, `secret`, `hasher` and `user`. It runs the packages' own
migrations and saves by the packages' own models. With `"version": "0005"` it stops at that
migration and writes the rows as that version did, secrets plain.
"""

import json
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.core.management import call_command


def database(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path.removeprefix("/")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.removeprefix("/"),
        "USER": parts.username or "",
        "HOST": parse_qs(parts.query)["host"][0],
    }


def configure(url: str) -> None:
    hashers = (
        "PBKDF2PasswordHasher",
        "PBKDF2SHA1PasswordHasher",
        "Argon2PasswordHasher",
        "BCryptSHA256PasswordHasher",
        "BCryptPasswordHasher",
        "ScryptPasswordHasher",
        "MD5PasswordHasher",
    )
    settings.configure(
        DATABASES={"default": database(url)},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "oauth2_provider"],
        PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{name}" for name in hashers],
        SECRET_KEY="of a site in a test",
        USE_TZ=True,
    )
    django.setup()


def is_migrated() -> bool:
    """Return whether this program has been run on the database before."""
    from django.db import connection

    return bool(connection.introspection.table_names())


def fill(wanted: dict[str, Any]) -> None:
    from django.contrib.auth import get_user_model
    from oauth2_provider.models import get_application_model
    from oauth2_provider.settings import oauth2_settings

    users, applications = get_user_model(), get_application_model()
    for user in wanted.get("users", []):
        users.objects.create_user(**user)
    for given in wanted["applications"]:
        oauth2_settings.CLIENT_SECRET_HASHER = given.pop("hasher", "default")
        secret, user = given.pop("secret"), given.pop("user", None)
        applications.objects.create(
            client_secret=secret,
            user=users.objects.get(username=user) if user else None,
            **{"client_type": "confidential", "authorization_grant_type": "client-credentials"}
            | given,
        )


def fill_old(wanted: dict[str, Any]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for given in wanted["applications"]:
            cursor.execute(
                "INSERT INTO oauth2_provider_application (client_id, client_secret, name,"
                " client_type, authorization_grant_type, redirect_uris, skip_authorization,"
                " created, updated, algorithm) VALUES (%s, %s, %s, 'confidential',"
                " 'client-credentials', '', false, '2019-02-03 04:05:06', '2019-02-03 04:05:06',"
                " '')",
                [given["client_id"], given["secret"], given.get("name", "")],
            )


def main() -> None:
    configure(sys.argv[1])
    wanted = json.load(sys.stdin)
    version = wanted.get("version")
    if not is_migrated():
        call_command("migrate", verbosity=0)
    if version:
        call_command("migrate", "oauth2_provider", version, verbosity=0)
    (fill_old if version else fill)(wanted)


if __name__ == "__main__":
    main()
