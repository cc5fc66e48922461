"""An application as the stages of the token line meet it, without server or database."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.catalogue.model import Catalogue, CataloguedScope, Resource
from gatepass.server.http import Request
from gatepass.server.tokens.request import PresentedCredentials
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

FORM = b"application/x-www-form-urlencoded"
JSON = b"application/json"
NOW = 1_800_000_000
THEN = datetime.fromtimestamp(NOW - 1000, UTC)
SECRET = Secret("gps_live_one")
OTHER = Secret("gps_live_two")
API = "http://localhost:8000/api/partners/v2.0"

APPLICATION = Application(
    id=UUID(int=7),
    org_id=UUID(int=8),
    client_id="gpc_live_acme",
    name="Billing",
    scope=Scope(("read", "write")),
    token_lifetime=36000,
    created_at=THEN,
    created_by="anna",
    secrets=(ApplicationSecret(UUID(int=9), SECRET.digest(), "_one", THEN),),
)
CACHED = CachedApplication.of(APPLICATION)


def make_request(
    body: bytes = b"",
    content_type: bytes | None = FORM,
    query: bytes = b"",
    authorization: bytes | None = None,
) -> Request:
    given = {b"content-type": content_type, b"authorization": authorization}
    headers = {name: value for name, value in given.items() if value is not None}
    return Request(headers, query, body, "192.0.2.7")


def credentials(
    secret: Secret | None = SECRET,
    client_id: str = APPLICATION.client_id,
) -> PresentedCredentials:
    return PresentedCredentials(client_id, secret)


METERS = "https://meters.example.com/"
CATALOGUE = Catalogue(
    partner_api=API,
    resources={
        API: Resource(API, "Partner API", None, None, "opaque"),
        METERS: Resource(METERS, "Meters", "jwt", None, "ES256"),
    },
    scopes={
        name: CataloguedScope(name, name, is_default=True, is_restricted=False, resource=resource)
        for name, resource in (("read", API), ("write", API), ("meters.read", METERS))
    },
)
BOTH = replace(APPLICATION, scope=Scope(("read", "write", "meters.read")))
