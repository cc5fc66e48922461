"""A database of django-oauth-toolkit, made by its own package in a process of its own."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from uuid import uuid4

import psycopg

from commands import clean_variables

_SITE = Path(__file__).parent / "django_site.py"
_NOTHING = "{}"

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
    """Put `users` and `applications` into the empty database (see django_site.py).

    A database with the same was made before in this process? Then it is copied.
    """
    parts = urlsplit(url.replace("+psycopg", ""))
    key = json.dumps(wanted, sort_keys=True)
    if parts.scheme == "sqlite":
        shutil.copyfile(_sqlite(key), parts.path.removeprefix("/"))
    elif "PGPASSWORD" in os.environ:
        _fill(url, wanted)
    else:
        _copy(parts, _postgresql(parts._replace(path="/postgres"), key))


@cache
def _sqlite(wanted: str) -> Path:
    """Return a file with what is wanted; nothing is wanted of the one that others begin with."""
    made = _folder() / f"{uuid4().hex}.sqlite3"
    if wanted != _NOTHING:
        shutil.copyfile(_sqlite(_NOTHING), made)
    _fill(f"sqlite:///{made}", json.loads(wanted))
    return made


@cache
def _postgresql(cluster: SplitResult, wanted: str) -> str:
    """Return the name of a database with what is wanted, as `_sqlite` makes a file."""
    name = f"site_{uuid4().hex}"
    made = cluster._replace(path=f"/{name}")
    begun = "template1" if wanted == _NOTHING else _postgresql(cluster, _NOTHING)
    _run(cluster, f"CREATE DATABASE {name} TEMPLATE {begun}")
    _fill(made.geturl(), json.loads(wanted))
    return name


def _copy(url: SplitResult, template: str) -> None:
    cluster, name = url._replace(path="/postgres"), url.path.removeprefix("/")
    _run(cluster, f"DROP DATABASE {name}")
    _run(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")


def _run(cluster: SplitResult, statement: str) -> None:
    with psycopg.connect(cluster.geturl(), autocommit=True) as connection:
        connection.execute(statement.encode())


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="gatepass-django-"))
    atexit.register(shutil.rmtree, folder)
    return folder


def _fill(url: str, wanted: dict[str, object]) -> None:
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
