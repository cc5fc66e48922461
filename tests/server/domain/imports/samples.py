"""Applications as another system had them, and a server that has taken them in."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.imports import operations
from gatepass.server.domain.imports.model import (
    ImportOptions,
    OrganizationBy,
    Outcome,
    Owner,
    SourceApplication,
)
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from server.fixtures import Client, InProcessServer

MADE = datetime(2021, 5, 6, 7, 8, 9, 123_000, UTC)
READ = Scope(("read",))
ACME = Owner("7", "Acme Energy")
_HASHES = json.loads(
    (Path(__file__).parents[3] / "vectors" / "django_hashes.json").read_text(encoding="utf-8")
)
# One that is quick to verify: how slow a hash is does not matter to what is tested here.
QUICK = next(each for each in _HASHES if each["what"] == "scrypt, small")
OTHER = next(each for each in _HASHES if each["what"] == "bcrypt, 4 rounds")


def found(**given: object) -> SourceApplication:
    values: dict[str, object] = {
        "client_id": "acme",
        "kept": Secret(QUICK["encoded"]),
        "was_hashed": True,
        "name": "Billing",
        "is_confidential": True,
        "is_client_credentials": True,
        "redirect_uris": "",
        "created_at": MADE,
        "owner": ACME,
    }
    return SourceApplication(**{**values, **given})  # type: ignore[arg-type]


def bring(
    server: InProcessServer,
    *there: SourceApplication,
    organization_by: OrganizationBy = "user",
    scope: Scope = READ,
    dry_run: bool = False,
) -> Sequence[Outcome]:
    terms = ImportOptions("django-oauth-toolkit", scope, organization_by)
    context = server.environment().context
    found = operations.import_applications(context, OPERATOR, there, terms, dry_run=dry_run)
    outcomes = list(found)
    context.refresh()
    return outcomes


def brought(server: InProcessServer, client_id: str = "acme") -> Application:
    """Return an application as it is stored now."""
    application = applications.find_by_client_id(server.environment().context, client_id)
    assert application
    return application


def cached(server: InProcessServer) -> CachedApplication:
    return CachedApplication.of(brought(server))


def client(
    server: InProcessServer, client_id: str = "acme", secret: str = QUICK["secret"]
) -> Client:
    return Client(brought(server, client_id), Secret(secret))
