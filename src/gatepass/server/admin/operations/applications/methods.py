"""How an application authenticates, and the way from secrets to keys."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.server.admin.operations import effects, examples, partners
from gatepass.server.admin.operations.applications.model import AREA, OneApplication
from gatepass.server.admin.operations.model import EITHER, SECURITY, Call, Operation, Result
from gatepass.server.domain.applications.keys.methods import operations
from gatepass.server.domain.applications.keys.methods.model import QUIET

_EXAMPLE = {"client_id": examples.CLIENT_ID}


class AuthenticationMethod(Result):
    """One credential that works; `id` is that of the secret, key or certificate."""

    kind: Literal["secret", "key", "published_keys", "certificate"]
    id: UUID | None
    name: str
    created_at: AwareDatetime | None
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    last_used_from: str | None
    last_used_program: str | None


class AuthenticationMethods(Result):
    """The credentials of an application that work, and what comes next from secrets to keys.

    `step`: register_key, deploy (no key was used yet), wait (a secret was used in the last 14
    days), revoke_secrets, done.
    """

    client_id: str
    step: Literal["register_key", "deploy", "wait", "revoke_secrets", "done"]
    secrets_unused_since: AwareDatetime | None
    methods: list[AuthenticationMethod]


class SecretsToRevoke(OneApplication):
    """The secrets of an application, if none was used for so many days."""

    unused_for_days: Annotated[
        int, Field(ge=0, le=365, description="days in which no secret was used")
    ] = QUIET.days


def show(call: Call, one: OneApplication) -> AuthenticationMethods:
    """Return how an application authenticates, as operators see it."""
    found = partners.application(call, one.client_id)
    methods = operations.find(call.context, found)
    return AuthenticationMethods(
        client_id=found.client_id,
        step=methods.step,
        secrets_unused_since=methods.quiet_since,
        methods=[
            AuthenticationMethod(
                kind=each.kind,
                id=each.id,
                name=each.name,
                created_at=each.created_at,
                expires_at=each.expires_at,
                last_used_at=each.last_used_at,
                last_used_from=each.last_used_from,
                last_used_program=each.last_used_agent,
            )
            for each in methods.found
        ],
    )


def _revoke(call: Call, which: SecretsToRevoke) -> AuthenticationMethods:
    found = partners.application(call, which.client_id)
    unused_for = timedelta(days=which.unused_for_days)
    operations.revoke_secrets(call.context, call.by, found.id, None, unused_for)
    return show(call, which)


METHODS = Operation(
    name="application.methods",
    area="usage",
    roles=EITHER,
    method="GET",
    path="/applications/{client_id}/methods",
    input=OneApplication,
    output=AuthenticationMethods,
    run=show,
    summary="Return the secrets and keys of an application, and when each was used last.",
    example=_EXAMPLE,
    answer={
        "client_id": examples.CLIENT_ID,
        "step": "revoke_secrets",
        "secrets_unused_since": "2026-11-02T08:30:00Z",
        "methods": [
            {
                "kind": "secret",
                "id": examples.SECRET_ID,
                "name": "Secret ending in x4Qz",
                "created_at": "2026-11-02T08:30:00Z",
                "expires_at": None,
                "last_used_at": "2026-11-02T08:30:00Z",
                "last_used_from": "203.0.113.7",
                "last_used_program": "python-httpx2/1.0",
            },
            {
                "kind": "key",
                "id": examples.KEY_ID,
                "name": "Nightly import",
                "created_at": "2026-11-02T08:30:00Z",
                "expires_at": None,
                "last_used_at": "2026-11-28T23:10:05Z",
                "last_used_from": "203.0.113.7",
                "last_used_program": "python-httpx2/1.0",
            },
        ],
    },
)
REVOKE_SECRETS = Operation(
    name="application.revoke_secrets",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/revoke-secrets",
    input=SecretsToRevoke,
    output=AuthenticationMethods,
    run=_revoke,
    summary="Revoke all secrets of an application that uses a key, if none was used lately.",
    description="It is refused where no key was used yet. Tokens stay valid.",
    effect=effects.of_revoked_secrets,
    reads=METHODS,
    example={"client_id": examples.KEYED_CLIENT_ID, "unused_for_days": 0},
    answer={
        "client_id": examples.KEYED_CLIENT_ID,
        "step": "done",
        "secrets_unused_since": None,
        "methods": [
            {
                "kind": "key",
                "id": examples.KEY_ID,
                "name": "Nightly import",
                "created_at": "2026-11-02T08:30:00Z",
                "expires_at": None,
                "last_used_at": "2026-11-28T23:10:05Z",
                "last_used_from": "203.0.113.7",
                "last_used_program": "python-httpx2/1.0",
            }
        ],
    },
)

OPERATIONS = (METHODS, REVOKE_SECRETS)
