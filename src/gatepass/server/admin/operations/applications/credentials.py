"""Applications: registered, and their secrets and tokens."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from gatepass.server.admin.operations import effects, examples, partners
from gatepass.server.admin.operations.applications import effects as changes
from gatepass.server.admin.operations.applications.model import (
    AREA,
    OVERLAP,
    Application,
    Credentials,
    NewApplication,
    NewSecret,
    NewSecretEnd,
    OneApplication,
    OneSecret,
    Replaced,
)
from gatepass.server.admin.operations.applications.reading import SHOW, grantable, show
from gatepass.server.admin.operations.model import SECURITY, Call, Operation
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.keys import registration
from gatepass.server.domain.applications.keys.model import FAULTS
from gatepass.server.domain.applications.keys.registration import (
    GiveMethod,
    register_without_secret,
)
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.applications.secrets.end import unstated_end
from gatepass.wire import metadata
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope

_EXAMPLE = {"client_id": examples.CLIENT_ID}
_ROTATED = {"client_id": examples.ROTATED_CLIENT_ID, "secret_id": examples.ROTATED_SECRET_ID}
_ONE = {**_EXAMPLE, "secret_id": examples.SECRET_ID}
_CREDENTIALS = {
    "application": examples.APPLICATION,
    "client_secret": "gps_live_6r0dJmZk2pWq8yT4vN1xB7sH3gF5cL9aE0uQ2iRx4Qz",
    "secret_expires_at": None,
    "token_url": "https://auth.example.com/oauth2/token/",
}
_ONE_METHOD = "Give one of public_key, jwks_uri and certificate."
_NO_URI = "Give the address at which the program publishes its keys."


def _create(call: Call, new: NewApplication) -> Credentials:
    partners.owner(call, new.org_id)
    give = _method_of(call, new)
    if give is not None:
        made = register_without_secret(
            call.context,
            call.environment.catalogue,
            call.by,
            new.org_id,
            give=give,
            **_parts(call, new),
        )
        return Credentials(
            application=show(call, OneApplication(client_id=made.client_id)),
            client_secret=None,
            secret_expires_at=None,
            token_url=call.environment.issuer + metadata.TOKEN,
        )
    end = _end(call, new.org_id, new)
    registered = operations.register(
        call.context,
        call.environment.catalogue,
        call.by,
        new.org_id,
        **_parts(call, new),
        secret_end=end,
    )
    return _credentials(call, registered, end)


class _Parts(TypedDict):
    """What a registration takes besides the credentials."""

    name: str
    scope: Scope | None
    allowed: Scope
    token_lifetime: int
    contact: str
    networks: tuple[Network, ...]


def _parts(call: Call, new: NewApplication) -> _Parts:
    return {
        "name": new.name,
        "scope": Scope.parse(new.scope) if new.scope is not None else None,
        "allowed": grantable(call),
        "token_lifetime": new.token_lifetime,
        "contact": new.contact,
        "networks": check_networks(" ".join(new.networks)),
    }


def _method_of(call: Call, new: NewApplication) -> GiveMethod | None:
    """Return what gives a new application its key or certificate; None where it has a secret."""
    given = [each for each in (new.public_key, new.jwks_uri, new.certificate) if each is not None]
    if not given:
        return None
    if len(given) > 1:
        raise OAuthError("invalid_request", _ONE_METHOD)
    if new.secret_expires_at is not None:
        raise OAuthError("invalid_request", "An application with a key has no secret that ends.")
    if not given[0].strip():
        raise OAuthError(
            "invalid_request", FAULTS["malformed"] if new.jwks_uri is None else _NO_URI
        )
    if new.public_key is not None:
        text, name = new.public_key.encode(), new.key_name
        return registration.public_keys(call.by, text, name, new.key_expires_at)
    if new.jwks_uri is not None:
        return registration.published_keys(call.by, new.jwks_uri)
    return registration.certificate(call.by, given[0].encode())


def _rotate(call: Call, new: NewSecret) -> Credentials:
    found = partners.application(call, new.client_id)
    end = _end(call, found.org_id, new)
    overlap = OVERLAP.get(new.overlap)
    made = secrets.rotate(call.context, call.by, found.id, overlap, None, secret_end=end)
    return _credentials(call, made, end)


def _end(call: Call, org_id: UUID, new: NewApplication | NewSecret) -> datetime | None:
    """Return when a new secret ends: as it is said, or as late as the policies allow."""
    if "secret_expires_at" in new.model_fields_set:
        return new.secret_expires_at
    longest = secrets.longest_lifetime(call.context, org_id)
    return unstated_end(call.context.now(), longest)


def _credentials(call: Call, made: operations.Registered, end: datetime | None) -> Credentials:
    return Credentials(
        application=show(call, OneApplication(client_id=made.application.client_id)),
        client_secret=made.secret.value,
        secret_expires_at=end,
        token_url=call.environment.issuer + metadata.TOKEN,
    )


def _set_end(call: Call, new: NewSecretEnd) -> Application:
    found = partners.application(call, new.client_id)
    secrets.set_end(call.context, call.by, found.id, new.secret_id, new.expires_at, None)
    return show(call, new)


def _revoke_secret(call: Call, one: OneSecret) -> Application:
    found = partners.application(call, one.client_id)
    secrets.revoke(call.context, call.by, found.id, one.secret_id, None)
    return show(call, one)


def _replace_leaked(call: Call, one: OneSecret) -> Replaced:
    found = partners.application(call, one.client_id)
    longest = secrets.longest_lifetime(call.context, found.org_id)
    made = secrets.replace_leaked(
        call.context,
        call.by,
        found.id,
        one.secret_id,
        None,
        secret_end=unstated_end(call.context.now(), longest),
    )
    return Replaced(application=show(call, one), client_secret=made.secret.value if made else None)


def _revoke_tokens(call: Call, one: OneApplication) -> Application:
    found = partners.application(call, one.client_id)
    operations.revoke_tokens(call.context, call.by, found.id, None)
    return show(call, one)


CREATE = Operation(
    name="application.create",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/organizations/{org_id}/applications",
    input=NewApplication,
    output=Credentials,
    run=_create,
    summary="Register an application; the answer has its client secret, once, unless it has a key.",
    status=201,
    example={
        "org_id": examples.ORGANIZATION_ID,
        "name": "Billing",
        "scope": "read write",
        "networks": ["203.0.113.0/24"],
    },
    answer=_CREDENTIALS,
)
ROTATE = Operation(
    name="application.rotate",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/rotate",
    input=NewSecret,
    output=Credentials,
    run=_rotate,
    summary="Make a new client secret, in the answer once; the old one works for the overlap.",
    effect=effects.of_rotation,
    reads=SHOW,
    example={**_EXAMPLE, "overlap": "24-hours"},
    answer=_CREDENTIALS,
)
SET_END = Operation(
    name="application.set_secret_end",
    area=AREA,
    roles=SECURITY,
    method="PUT",
    path="/applications/{client_id}/secrets/{secret_id}/end",
    input=NewSecretEnd,
    output=Application,
    run=_set_end,
    summary="Set when a client secret ends, null for never.",
    effect=changes.of_secret_end,
    reads=SHOW,
    example={**_ONE, "expires_at": "2027-06-30T22:00:00Z"},
    answer=examples.APPLICATION,
)
REVOKE_SECRET = Operation(
    name="application.revoke_secret",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/secrets/{secret_id}/revoke",
    input=OneSecret,
    output=Application,
    run=_revoke_secret,
    summary="Revoke a client secret now; the last one only where a key was used already.",
    effect=effects.of_revoked_secret,
    reads=SHOW,
    example=_ROTATED,
    answer={**examples.APPLICATION, "client_id": examples.ROTATED_CLIENT_ID},
)
REPLACE_LEAKED = Operation(
    name="application.replace_leaked_secret",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/secrets/{secret_id}/replace-leaked",
    input=OneSecret,
    output=Replaced,
    run=_replace_leaked,
    summary="Revoke a secret that leaked, and all tokens; where it was the newest, make another.",
    effect=effects.of_leaked_secret,
    reads=SHOW,
    example=_ONE,
    answer={
        "application": examples.APPLICATION,
        "client_secret": _CREDENTIALS["client_secret"],
    },
)
REVOKE_TOKENS = Operation(
    name="application.revoke_tokens",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/revoke-tokens",
    input=OneApplication,
    output=Application,
    run=_revoke_tokens,
    summary="Revoke all tokens that an application has; its secrets keep working.",
    effect=effects.of_revoked_tokens,
    reads=SHOW,
    example=_EXAMPLE,
    answer=examples.APPLICATION,
)

OPERATIONS = (CREATE, ROTATE, SET_END, REVOKE_SECRET, REPLACE_LEAKED, REVOKE_TOKENS)
