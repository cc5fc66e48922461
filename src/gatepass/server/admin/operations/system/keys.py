"""Keys of tokens: listed, rotated."""

from pydantic import AwareDatetime

from gatepass.jose.signing import SigningKey
from gatepass.server.admin.operations import effects
from gatepass.server.admin.operations.model import SECURITY, Arguments, Call, Operation, Result
from gatepass.server.domain.keys import operations
from gatepass.server.domain.keys.model import Key as Stored
from gatepass.server.domain.keys.model import verifies_until
from gatepass.server.domain.token_policy import Purpose

AREA = "keys"


class Key(Result):
    """A key, without the key itself; `state` is what it is used for, in words."""

    id: int
    purpose: Purpose
    kid: str | None
    state: str
    created_at: AwareDatetime
    active_from: AwareDatetime
    verifies_until: AwareDatetime | None
    age_days: int


class Keys(Result):
    """All keys of an environment, the oldest first."""

    items: list[Key]


def _list(call: Call, _: Arguments) -> Keys:
    kept, now = operations.all_keys(call.context), call.context.now()
    return Keys(
        items=[
            Key(
                id=each.id,
                purpose=each.purpose,
                kid=_kid(each),
                state=operations.state(each, kept, now),
                created_at=each.created_at,
                active_from=each.active_from,
                verifies_until=verifies_until(each, kept, now),
                age_days=(now - each.created_at).days,
            )
            for each in kept
        ]
    )


def _kid(key: Stored) -> str | None:
    return None if key.purpose == "opaque" else SigningKey(key.purpose, key.secret).kid


def _rotate(call: Call, nothing: Arguments) -> Keys:
    operations.rotate(call.context, call.environment.purposes, call.by, at_once=False)
    return _list(call, nothing)


def _rotate_now(call: Call, nothing: Arguments) -> Keys:
    operations.rotate(call.context, call.environment.purposes, call.by, at_once=True)
    return _list(call, nothing)


_ANSWER = {
    "items": [
        {
            "id": 4,
            "purpose": "ES256",
            "kid": "0N2m1yJgq4uT8xVb",
            "state": "in use",
            "created_at": "2026-11-02T08:30:00Z",
            "active_from": "2026-11-02T08:40:00Z",
            "verifies_until": None,
            "age_days": 27,
        }
    ]
}

LIST = Operation(
    name="key.list",
    area=AREA,
    roles=SECURITY,
    method="GET",
    path="/keys",
    input=Arguments,
    output=Keys,
    run=_list,
    summary="List the keys of tokens with their ages; the keys themselves are never shown.",
    answer=_ANSWER,
)
ROTATE = Operation(
    name="key.rotate",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/keys/rotate",
    input=Arguments,
    output=Keys,
    run=_rotate,
    summary="Make the next keys and publish them before they are used; tokens stay valid.",
    answer=_ANSWER,
)
ROTATE_NOW = Operation(
    name="key.rotate_now",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/keys/rotate-now",
    input=Arguments,
    output=Keys,
    run=_rotate_now,
    summary="Emergency: replace all keys at once; every token issued until now becomes invalid.",
    effect=effects.of_ended_keys,
    answer=_ANSWER,
)

OPERATIONS = (LIST, ROTATE, ROTATE_NOW)
