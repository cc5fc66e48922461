"""A database of django-oauth-toolkit, made by its own package in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from commands import clean_variables

_SITE = Path(__file__).parent / "django_site.py"

# One application for each way that Django hashes, with secrets as its generator makes them.
SECRETS = {
    "pbkdf2_sha256": "Zl4" * 42 + "xy",
    "pbkdf2_sha1": "Qw8" * 42 + "xy",
    "argon2": "Ar9" * 42 + "xy",
    "bcrypt_sha256": "Bs7" * 42 + "xy",
    "bcrypt": "Bc6" * 20 + "xy",
    "scrypt": "Sc5" * 42 + "xy",
}


def make_site(url: str, **wanted: object) -> None:
    """Migrate the database and save `users` and `applications` in it (see django_site.py)."""
    made = subprocess.run(
        [sys.executable, _SITE, url.replace("+psycopg", "")],
        input=json.dumps({"applications": [], **wanted}),
        capture_output=True,
        env=clean_variables(),
        text=True,
        check=False,
        timeout=300,
    )
    assert made.returncode == 0, made.stderr[-3000:]


def one_of_each() -> dict[str, object]:
    """Return users and applications of every type, grant and way to keep a secret."""
    hashed = [
        {"client_id": f"id-{kind}", "secret": secret, "hasher": kind, "name": kind, "user": "acme"}
        for kind, secret in SECRETS.items()
    ]
    others = [
        {
            "client_id": "plain",
            "secret": "Pl4" * 42,
            "hash_client_secret": False,
            "redirect_uris": "https://a.example/cb http://a.example/cb",
        },
        {"client_id": "awkward :% id", "secret": "Aw3" * 42, "hasher": "scrypt"},
        {"client_id": "weak", "secret": "w" * 40, "hasher": "md5", "user": "bolt"},
        {"client_id": "public", "secret": "p" * 40, "client_type": "public", "user": "bolt"},
        *(
            {"client_id": grant, "secret": "g" * 40, "authorization_grant_type": grant}
            for grant in ("authorization-code", "password", "implicit", "openid-hybrid")
        ),
    ]
    users = [
        {"username": "acme", "first_name": "Acme", "last_name": "Energy GmbH"},
        {"username": "bolt", "email": "bolt@example.com"},
    ]
    return {"users": users, "applications": hashed + others}
