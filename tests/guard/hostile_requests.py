"""Requests with a bound token that is sent wrongly, and the error that each gets."""

from collections.abc import Callable
from typing import NamedTuple

from gatepass.guard.testing import DPoPKey, FakeIssuer

Headers = list[tuple[str, str]]


class Call(NamedTuple):
    """What a hostile request is made of: a bound token, its key, another key, the address."""

    issuer: FakeIssuer
    key: DPoPKey
    other: DPoPKey
    url: str

    @property
    def token(self) -> str:
        return self.issuer.mint(cnf=self.key.cnf)

    def with_proof(self, **changed: object) -> Headers:
        """Return good headers, but for members of the proof that are changed."""
        return list(self.key.headers("GET", self.url, self.token, **changed).items())


def as_bearer(call: Call) -> Headers:
    return [("Authorization", f"Bearer {call.token}")]


def twice(call: Call) -> Headers:
    headers = call.with_proof()
    return [*headers, headers[1]]


def joined(call: Call) -> Headers:
    (name, token), (_, proof) = call.with_proof()
    return [(name, token), ("DPoP", f"{proof}, {proof}")]


def unbound(call: Call) -> Headers:
    return list(call.key.headers("GET", call.url, call.issuer.mint()).items())


def without_proof(call: Call) -> Headers:
    return [("Authorization", f"DPoP {call.token}")]


def of_another_key(call: Call) -> Headers:
    return list(call.other.headers("GET", call.url, call.token).items())


def for_another_token(call: Call) -> Headers:
    (_, _), proof = call.with_proof()
    return [("Authorization", f"DPoP {call.token}"), proof]


def at_another_time(seconds: int) -> Callable[[Call], Headers]:
    return lambda call: call.with_proof(iat=int(call.issuer.clock()) + seconds)


def changed(**members: object) -> Callable[[Call], Headers]:
    return lambda call: call.with_proof(**members)


def with_header(**members: object) -> Callable[[Call], Headers]:
    return lambda call: call.with_proof(header=members)


def cut(call: Call) -> Headers:
    authorization, (name, proof) = call.with_proof()
    return [authorization, (name, proof[:-1])]


def at(change: Callable[[str], str]) -> Callable[[Call], Headers]:
    return lambda call: call.with_proof(htu=change(call.url))


# What is wrong with a request, and the error it gets; each is refused with 401.
HOSTILE: dict[str, tuple[Callable[[Call], Headers], str]] = {
    "as a bearer token": (
        lambda call: [("Authorization", f"Bearer {call.token}")],
        "invalid_token",
    ),
    "as a bearer token with its proof": (
        lambda call: [("Authorization", f"Bearer {call.token}"), call.with_proof()[1]],
        "invalid_token",
    ),
    "an unbound token with a proof": (unbound, "invalid_token"),
    "without a proof": (without_proof, "invalid_dpop_proof"),
    "with two proofs": (twice, "invalid_dpop_proof"),
    "with two proofs in one header": (joined, "invalid_dpop_proof"),
    "of another key": (of_another_key, "invalid_token"),
    "for another token": (for_another_token, "invalid_dpop_proof"),
    "for no token": (changed(ath=None), "invalid_dpop_proof"),
    "for another method": (changed(htm="POST"), "invalid_dpop_proof"),
    "for a method in lower case": (changed(htm="get"), "invalid_dpop_proof"),
    "for another path": (at(lambda url: url + "/more"), "invalid_dpop_proof"),
    "for another host": (
        at(lambda url: url.replace("127.0.0.1", "api.example.org")),
        "invalid_dpop_proof",
    ),
    "for another scheme": (at(lambda url: url.replace("http:", "https:")), "invalid_dpop_proof"),
    "for no address": (changed(htu="meters"), "invalid_dpop_proof"),
    "too old": (at_another_time(-90), "invalid_dpop_proof"),
    "of the future": (at_another_time(30), "invalid_dpop_proof"),
    "without a time": (changed(iat=None), "invalid_dpop_proof"),
    "without an id": (changed(jti=None), "invalid_dpop_proof"),
    "with a long id": (changed(jti="a" * 257), "invalid_dpop_proof"),
    "cut": (cut, "invalid_dpop_proof"),
    "unsigned": (with_header(alg="none"), "invalid_dpop_proof"),
    "typed as a JWT": (with_header(typ="JWT"), "invalid_dpop_proof"),
    "without its key": (with_header(jwk=None), "invalid_dpop_proof"),
    "with a critical extension": (with_header(crit=["exp"], exp=1), "invalid_dpop_proof"),
    "empty": (lambda call: [*without_proof(call), ("DPoP", "")], "invalid_dpop_proof"),
    "a word": (lambda call: [*without_proof(call), ("DPoP", "proof")], "invalid_dpop_proof"),
    "huge": (lambda call: [*without_proof(call), ("DPoP", "a" * 9000)], "invalid_dpop_proof"),
    "an expired token": (
        lambda call: list(
            call.key.headers("GET", call.url, call.issuer.expired(cnf=call.key.cnf)).items()
        ),
        "invalid_token",
    ),
    "bound to something unknown": (
        lambda call: list(
            call.key.headers(
                "GET", call.url, call.issuer.mint(cnf=call.key.cnf | {"kid": "a"})
            ).items()
        ),
        "invalid_token",
    ),
}
