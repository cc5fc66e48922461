"""The keys of an environment that are used at one time."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatepass.jose.algorithms import ALGORITHMS, Algorithm
from gatepass.jose.signing import SigningKey
from gatepass.server.domain.keys.model import Key, current, next_change, verifying
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.wire.credential import Mode


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that make tokens, those that verify them, and the published key set (JWKS).

    `opaque_token_keys` are by key id, `verifying_keys` by the headers of a key's JWTs. For an
    algorithm whose first key is published but not used yet, `signing_keys` has the key that signs
    until then. Valid until `until` (Unix seconds), when a key begins or ceases to be used.
    """

    opaque_token_key: OpaqueTokenKey
    opaque_token_keys: Mapping[int, OpaqueTokenKey]
    signing_keys: Mapping[Algorithm, SigningKey]
    verifying_keys: Mapping[str, SigningKey]
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
    opaque: dict[int, OpaqueTokenKey] = {}
    signing: dict[int, SigningKey] = {}
    for key in good:
        if key.purpose == "opaque":
            opaque[key.id] = OpaqueTokenKey(mode, key.id, key.secret)
        else:
            signing[key.id] = SigningKey(key.purpose, key.secret)
    newest = current(kept, "opaque", now)
    assert newest is not None  # noqa: S101 - made when the environment was opened
    change = next_change(kept, now)
    return Keyring(
        opaque_token_key=opaque[newest.id],
        opaque_token_keys=opaque,
        signing_keys={
            algorithm: signing[key.id] for algorithm, key in signers(kept, now, default).items()
        },
        verifying_keys={
            header: key for key in signing.values() for header in (key.header, key.bound_header)
        },
        jwks=json.dumps({"keys": [key.public_jwk() for key in signing.values()]}).encode(),
        made_at=newest.active_from,
        until=change.timestamp() if change else float("inf"),
    )


def signers(
    keys: Iterable[Key], now: datetime, default: Algorithm = ALGORITHMS[0]
) -> dict[Algorithm, Key]:
    """Return the key that signs now for each algorithm that has one; see `keyring`."""
    kept = tuple(keys)
    found = {algorithm: current(kept, algorithm, now) for algorithm in ALGORITHMS}
    used = {algorithm: key for algorithm, key in found.items() if key}
    if not used:
        return {}
    stand_in = used.get(default) or min(used.values(), key=lambda key: key.order)
    waiting = {key.purpose for key in kept if key.purpose != "opaque" and not key.has_ended(now)}
    return {
        algorithm: used.get(algorithm, stand_in)
        for algorithm in ALGORITHMS
        if algorithm in used or algorithm in waiting
    }
