"""The keys of an environment that are used at one time."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatepass.server.domain.keys.model import Key, current, next_change, verifying
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.server.domain.keys.signing import SigningKey
from gatepass.server.domain.token_policy import ALGORITHMS, Algorithm
from gatepass.wire.credential import Mode


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key of opaque tokens and those that sign, all that still prove, and the published set.

    `opaque_token_keys` is by key id, `signing` by the header of a key's tokens. `sign` has, for an
    algorithm whose first key is published and not yet used, the key that signs until then. Valid
    until `until` (Unix seconds), when a key begins or ceases to be used.
    """

    opaque_token_key: OpaqueTokenKey
    opaque_token_keys: Mapping[int, OpaqueTokenKey]
    sign: Mapping[Algorithm, SigningKey]
    signing: Mapping[str, SigningKey]
    jwks: bytes
    made_at: datetime
    until: float


def keyring(
    keys: Iterable[Key], mode: Mode, now: datetime, default: Algorithm = ALGORITHMS[0]
) -> Keyring:
    """Return the keys as they are used at `now`; there must be a key for opaque tokens.

    Where the first key of an algorithm is only published yet, that of `default` signs in its
    place, or else of the algorithm that was used first.
    """
    kept = tuple(keys)
    good = verifying(kept, now)
    opaque_keys: dict[int, OpaqueTokenKey] = {}
    signing: dict[int, SigningKey] = {}
    for key in good:
        if key.purpose == "opaque":
            opaque_keys[key.id] = OpaqueTokenKey(mode, key.id, key.secret)
        else:
            signing[key.id] = SigningKey(key.purpose, key.secret)
    current_key = current(kept, "opaque", now)
    assert current_key is not None  # noqa: S101 - made when the environment was opened
    change = next_change(kept, now)
    return Keyring(
        opaque_token_key=opaque_keys[current_key.id],
        opaque_token_keys=opaque_keys,
        sign=_signers(kept, signing, now, default),
        signing={key.header: key for key in signing.values()},
        jwks=json.dumps({"keys": [key.public_jwk() for key in signing.values()]}).encode(),
        made_at=current_key.active_from,
        until=change.timestamp() if change else float("inf"),
    )


def _signers(
    kept: tuple[Key, ...], signing: Mapping[int, SigningKey], now: datetime, default: Algorithm
) -> dict[Algorithm, SigningKey]:
    found = {algorithm: current(kept, algorithm, now) for algorithm in ALGORITHMS}
    used = {algorithm: key for algorithm, key in found.items() if key}
    if not used:
        return {}
    stand_in = used.get(default) or min(used.values(), key=lambda key: key.order)
    waiting = {key.purpose for key in kept if key.purpose != "opaque" and not key.has_ended(now)}
    return {
        algorithm: signing[used.get(algorithm, stand_in).id]
        for algorithm in ALGORITHMS
        if algorithm in used or algorithm in waiting
    }
