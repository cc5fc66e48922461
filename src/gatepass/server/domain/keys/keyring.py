"""An environment's keys at one moment, ready to use."""

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
    """The key that seals and those that sign, all that still prove, and the published set.

    `sealing` is by key id, `signing` by the header of a key's tokens. `sign` has, for an algorithm
    whose first key is published and not yet used, the key that signs until then. Good until
    `until` (Unix seconds), when a key begins or ceases to be used.
    """

    seal: OpaqueTokenKey
    sealing: Mapping[int, OpaqueTokenKey]
    sign: Mapping[Algorithm, SigningKey]
    signing: Mapping[str, SigningKey]
    jwks: bytes
    made_at: datetime
    until: float


def keyring(
    keys: Iterable[Key], mode: Mode, now: datetime, default: Algorithm = ALGORITHMS[0]
) -> Keyring:
    """Give the keys as they are used at `now`; there must be a sealing key.

    Where the first key of an algorithm is only published yet, that of `default` signs in its
    place, or else of the algorithm that was used first.
    """
    kept = tuple(keys)
    good = verifying(kept, now)
    sealing: dict[int, OpaqueTokenKey] = {}
    signing: dict[int, SigningKey] = {}
    for key in good:
        if key.purpose == "seal":
            sealing[key.id] = OpaqueTokenKey(mode, key.id, key.secret)
        else:
            signing[key.id] = SigningKey(key.purpose, key.secret)
    sealer = current(kept, "seal", now)
    assert sealer is not None  # noqa: S101 - made when the environment was opened
    change = next_change(kept, now)
    return Keyring(
        seal=sealing[sealer.id],
        sealing=sealing,
        sign=_signers(kept, signing, now, default),
        signing={key.header: key for key in signing.values()},
        jwks=json.dumps({"keys": [key.public_jwk() for key in signing.values()]}).encode(),
        made_at=sealer.active_from,
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
    waiting = {key.purpose for key in kept if key.purpose != "seal" and not key.has_ended(now)}
    return {
        algorithm: signing[used.get(algorithm, stand_in).id]
        for algorithm in ALGORITHMS
        if algorithm in used or algorithm in waiting
    }
