"""Keys of applications: listed, added, made, changed, revoked, and where they are published."""

import json

from gatepass.server.admin.operations import effects, examples, partners
from gatepass.server.admin.operations.applications import effects as changes
from gatepass.server.admin.operations.applications.key_model import (
    ApplicationKey,
    ApplicationKeys,
    GeneratedKeyPair,
    KeyChange,
    KeySettingChange,
    NewKey,
    NewKeyPair,
    OneKey,
)
from gatepass.server.admin.operations.applications.model import AREA, OneApplication
from gatepass.server.admin.operations.model import EITHER, SECURITY, Call, Operation
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.applications.keys.model import KeySetting
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire import metadata
from gatepass.wire.errors import OAuthError

_EXAMPLE = {"client_id": examples.CLIENT_ID}
_ONE = {**_EXAMPLE, "key_id": examples.KEY_ID}
_KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
_JWK = json.dumps(
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
)
_KEY = {
    "id": examples.KEY_ID,
    "name": "Nightly import",
    "kid": _KID,
    "thumbprint": _KID,
    "algorithms": ["Ed25519"],
    "jwk": _JWK,
    "created_at": "2026-11-02T08:30:00Z",
    "created_by": "anna",
    "expires_at": None,
    "is_live": True,
    "last_used_at": "2026-11-28T23:10:05Z",
    "last_used_from": "203.0.113.7",
    "last_used_program": "python-httpx2/1.0",
}
_KEYS = {
    "client_id": examples.CLIENT_ID,
    "keys": [_KEY],
    "jwks_uri": "",
    "legacy_audience": False,
}


def show(call: Call, one: OneApplication) -> ApplicationKeys:
    """Return the keys of an application as operators see them."""
    found = partners.application(call, one.client_id)
    keys, setting = operations.of_application(call.context, found)
    return ApplicationKeys.all_of(found.client_id, keys, setting, call.context.now())


def _add(call: Call, new: NewKey) -> ApplicationKeys:
    found = partners.application(call, new.client_id)
    operations.add(
        call.context,
        call.by,
        found.id,
        None,
        name=new.name,
        text=new.public_key.encode(),
        expires_at=new.expires_at,
    )
    return show(call, new)


def _generate(call: Call, new: NewKeyPair) -> GeneratedKeyPair:
    found = partners.application(call, new.client_id)
    made = operations.generate(
        call.context,
        call.by,
        found.id,
        None,
        name=new.name,
        alg=new.alg,
        expires_at=new.expires_at,
    )
    issuer = call.environment.issuer
    return GeneratedKeyPair(
        key=ApplicationKey.of(made.key, call.context.now()),
        alg=made.private.alg,
        private_key=made.private.pem(),
        private_jwk=json.dumps(made.private.private_jwk()),
        issuer=issuer,
        token_url=issuer + metadata.TOKEN,
    )


def _change(call: Call, new: KeyChange) -> ApplicationKeys:
    found = partners.application(call, new.client_id)
    if not new.model_fields_set & {"name", "expires_at"}:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    keys, _ = operations.of_application(call.context, found)
    before = next((each for each in keys if each.id == new.key_id), None)
    if before is None:
        raise NotFoundError(str(new.key_id))
    operations.change(
        call.context,
        call.by,
        found.id,
        new.key_id,
        None,
        name=before.name if new.name is None else new.name,
        expires_at=new.expires_at if "expires_at" in new.model_fields_set else before.expires_at,
    )
    return show(call, new)


def _revoke(call: Call, one: OneKey) -> ApplicationKeys:
    found = partners.application(call, one.client_id)
    operations.revoke(call.context, call.by, found.id, one.key_id, None)
    return show(call, one)


def _configure(call: Call, new: KeySettingChange) -> ApplicationKeys:
    found = partners.application(call, new.client_id)
    if new.jwks_uri is None and new.legacy_audience is None:
        raise OAuthError("invalid_request", "Give at least one field to change.")
    _, before = operations.of_application(call.context, found)
    setting = KeySetting(
        before.jwks_uri if new.jwks_uri is None else new.jwks_uri,
        before.legacy_audience if new.legacy_audience is None else new.legacy_audience,
    )
    operations.change_setting(call.context, call.by, found.id, None, setting)
    return show(call, new)


KEYS = Operation(
    name="application.keys",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/applications/{client_id}/keys",
    input=OneApplication,
    output=ApplicationKeys,
    run=show,
    summary="Return the public keys of an application, and how it uses them.",
    example=_EXAMPLE,
    answer=_KEYS,
)
ADD = Operation(
    name="application.add_key",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/keys",
    input=NewKey,
    output=ApplicationKeys,
    run=_add,
    summary="Add the public keys in a JWK, a JWK Set or a PEM; its secrets keep working.",
    reads=KEYS,
    status=201,
    example={**_EXAMPLE, "name": "Nightly import", "public_key": _JWK},
    answer=_KEYS,
)
GENERATE = Operation(
    name="application.generate_key",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/key-pairs",
    input=NewKeyPair,
    output=GeneratedKeyPair,
    run=_generate,
    summary="Make a pair of keys and add the public one; the answer has the private one, once.",
    reads=KEYS,
    status=201,
    example={**_EXAMPLE, "name": "Nightly import", "alg": "ES256"},
    answer={
        "key": _KEY,
        "alg": "Ed25519",
        "private_key": "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
        "private_jwk": '{"kty": "OKP", "crv": "Ed25519", "x": "...", "d": "..."}',
        "issuer": "https://auth.example.com",
        "token_url": "https://auth.example.com/oauth2/token/",
    },
)
CHANGE = Operation(
    name="application.change_key",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/applications/{client_id}/keys/{key_id}",
    input=KeyChange,
    output=ApplicationKeys,
    run=_change,
    summary="Rename a key, or set when it ends.",
    effect=changes.of_key_change,
    reads=KEYS,
    example={**_ONE, "expires_at": "2027-12-31T00:00:00Z"},
    answer={**_KEYS, "keys": [{**_KEY, "expires_at": "2027-12-31T00:00:00Z"}]},
)
REVOKE = Operation(
    name="application.revoke_key",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/keys/{key_id}/revoke",
    input=OneKey,
    output=ApplicationKeys,
    run=_revoke,
    summary="Revoke a key: what it signs is refused. Tokens stay valid.",
    effect=effects.of_revoked_key,
    reads=KEYS,
    example=_ONE,
    answer={**_KEYS, "keys": []},
)
CONFIGURE = Operation(
    name="application.set_key_settings",
    area=AREA,
    roles=SECURITY,
    method="PATCH",
    path="/applications/{client_id}/key-settings",
    input=KeySettingChange,
    output=ApplicationKeys,
    run=_configure,
    summary="Set where an application publishes its keys, and which audiences are accepted.",
    effect=changes.of_key_setting,
    reads=KEYS,
    example={**_EXAMPLE, "jwks_uri": "https://keys.example.com/jwks.json"},
    answer={**_KEYS, "jwks_uri": "https://keys.example.com/jwks.json"},
)

OPERATIONS = (KEYS, ADD, GENERATE, CHANGE, REVOKE, CONFIGURE)
