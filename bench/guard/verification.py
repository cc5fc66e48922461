"""The guard in this process: a JWT seen first and seen before, against its parts and its peers.

Nothing is sent but one request for the keys, so one thread measures; all take turns in short
rounds, and the figure is the median of the rounds' ratios.
"""

import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any, NamedTuple

import jwt as pyjwt
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import ECKey, RSAKey

from bench.guard import jwt_issuer
from bench.guard.jwt_issuer import API, ISSUER
from bench.report import Part, Row, print_part
from gatepass.guard import Expectation, Guard, KeySet, Request, Requirements, verify
from gatepass.jose.base64url import decode

ROUNDS = 41
EACH = 100  # tokens in a round
REPEATED = 2000  # calls in a round, with the same token
MICRO = 1e6

Use = Callable[[str], object]


class Times(NamedTuple):
    """Microseconds a call, in each round."""

    rounds: list[float]

    def of(self, other: "Times") -> float:
        """Return the median of the rounds' ratios to another's."""
        return median(a / b for a, b in zip(self.rounds, other.rounds, strict=True))

    def micro(self) -> float:
        """Return the median."""
        return median(self.rounds)


def measure() -> Part:
    """Measure ES256 and RS256."""
    rows = [
        *_rows("ES256", ECKey.generate_key("P-256")),
        *_rows("RS256", RSAKey.generate_key(2048)),
    ]
    return Part("Guard", {}, tuple(rows))


def _rows(alg: str, key: ECKey | RSAKey) -> Iterator[Row]:
    tokens = jwt_issuer.tokens(alg, key, (ROUNDS + 1) * EACH)
    requirements = Requirements.of("read")
    with (
        jwt_issuer.published(alg, key) as jwks_uri,
        Guard(ISSUER, resource=API, jwks_uri=jwks_uri) as guard,
    ):

        def ours(token: str) -> object:
            return guard.identify(Request((f"Bearer {token}",), source="192.0.2.1"), requirements)

        keys = KeySet.parse({"keys": [jwt_issuer.jwk(alg, key)]})
        expect = Expectation(ISSUER, API)

        def offline(token: str) -> object:
            return verify(token, keys, expect, time.time())

        ours(tokens[0])
        peers = {"PyJWT": _pyjwt(alg, key), "joserfc": _joserfc(alg, key)}
        first = in_turns(
            {"ours": ours, "verify": offline, "bare": _bare(alg, key, tokens), **peers},
            tokens,
            repeated=False,
        )
        again = in_turns({"ours": ours, **peers}, tokens, repeated=True)
    seen = again["ours"].micro()
    yield Row(f"JWT seen before, {alg}", f"{seen:.2f} us", "<= 3 us", seen <= 3)
    for name, what, most in (("verify", "verified", 1.4), ("ours", "let through", None)):
        ratio = first[name].of(first["bare"])
        measured = f"{ratio:.2f} ({first[name].micro():.1f} us of {first['bare'].micro():.1f} us)"
        figure = f"JWT seen first, {alg}, {what}, of cryptography's bare check"
        to_reach = "stated" if most is None else f"<= {most}"
        yield Row(figure, measured, to_reach, None if most is None else ratio <= most)
    for name in peers:
        for what, times, least in (("first", first, 1), ("before", again, 15)):
            ratio = times[name].of(times["ours"])
            figure = f"JWT seen {what}, {alg}, against {name}"
            yield Row(figure, f"{ratio:.1f}", f">= {least}", ratio >= least)


def in_turns(
    uses: dict[str, Use],
    tokens: Sequence[str],
    *,
    repeated: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """Time each use, round by round; a token is new to all in its round unless `repeated`."""
    found: dict[str, list[float]] = {name: [] for name in uses}
    for number in range(1, ROUNDS + 1):
        if repeated:
            given = [tokens[0]] * REPEATED
        else:
            given = list(tokens[number * EACH : (number + 1) * EACH])
        for name, use in uses.items():
            began = clock()
            for token in given:
                use(token)
            found[name].append((clock() - began) / len(given) * MICRO)
    return {name: Times(rounds) for name, rounds in found.items()}


def _bare(alg: str, key: ECKey | RSAKey, tokens: Sequence[str]) -> Use:
    """Check the signature and nothing else; message and signature were taken out before."""
    parts = {}
    for token in tokens:
        message, _, signature = token.rpartition(".")
        raw = decode(signature)
        if alg == "ES256":
            r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
            raw = encode_dss_signature(r, s)
        parts[token] = (raw, message.encode())
    public: Any = key.public_key

    def es256(token: str) -> None:
        signature, message = parts[token]
        public.verify(signature, message, ec.ECDSA(SHA256()))

    def rs256(token: str) -> None:
        signature, message = parts[token]
        public.verify(signature, message, padding.PKCS1v15(), SHA256())

    return es256 if alg == "ES256" else rs256


def _pyjwt(alg: str, key: ECKey | RSAKey) -> Use:
    public: Any = pyjwt.PyJWK(dict(key.as_dict(private=False)), alg).key
    required = {"require": ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]}

    def use(token: str) -> object:
        return pyjwt.decode(
            token,
            public,
            algorithms=[alg],
            audience=API,
            issuer=ISSUER,
            options=required,  # type: ignore[arg-type]
        )

    return use


def _joserfc(alg: str, key: ECKey | RSAKey) -> Use:
    public = type(key).import_key(key.as_dict(private=False))
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": API},
        exp={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
    )

    def use(token: str) -> None:
        registry.validate(joserfc_jwt.decode(token, public, algorithms=[alg]).claims)

    return use


if __name__ == "__main__":
    print_part(measure())
