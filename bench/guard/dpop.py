"""The guard with tokens that are bound to a key: a new proof for each request (RFC 9449).

The token was verified before, as a client's is from its second request on. The figure is the
processor time of a request against the bare check of the proof's signature; in turns.
"""

import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import time
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from bench.guard import jwt_issuer
from bench.guard.jwt_issuer import API, ISSUER
from bench.guard.verification import EACH, ROUNDS, Use, in_turns
from bench.report import Part, Row, print_part
from gatepass.guard import Guard, Request, Requirements
from gatepass.jose import base64url, dpop
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey

URL = f"{API}/meters"
METHOD = "GET"


def measure() -> Part:
    """Measure ES256 for the token and for the proof."""
    issuer, client = ECKey.generate_key("P-256"), PrivateKey.generate("ES256")
    bound = jwt_issuer.tokens("ES256", issuer, 1, cnf={"jkt": client.kid})[0]
    plain = jwt_issuer.tokens("ES256", issuer, 1)[0]
    proofs = _proofs(client, bound)
    requirements = Requirements.of("read")
    with (
        jwt_issuer.published("ES256", issuer) as jwks_uri,
        Guard(ISSUER, resource=API, jwks_uri=jwks_uri) as guard,
    ):

        def ours(proof: str) -> object:
            sent = (f"DPoP {bound}",)
            return guard.identify(Request(sent, dpop=(proof,), url=URL), requirements)

        def bearer(_proof: str) -> object:
            return guard.identify(Request((f"Bearer {plain}",)), requirements)

        for use in (ours, bearer):
            use(proofs[0])
        uses = {"ours": ours, "bare": _bare(client, proofs), "bearer": bearer}
        times = in_turns(uses, proofs, clock=time.process_time)
    ratio = times["ours"].of(times["bare"])
    micro = {name: each.micro() for name, each in times.items()}
    figure = "DPoP-bound JWT, repeated, ES256, of cryptography's bare check of the proof"
    measured = f"{ratio:.2f} ({micro['ours']:.1f} us of {micro['bare']:.1f} us)"
    beside = Row("the same JWT as a bearer token", f"{micro['bearer']:.1f} us", "stated", None)
    return Part("Guard, DPoP", {}, (Row(figure, measured, "<= 1.5", ratio <= 1.5), beside))


def _proofs(client: PrivateKey, token: str) -> list[str]:
    """Make the proofs of all rounds, each with an id of its own."""
    jwk, now = client.public_jwk(), int(time.time())
    return [
        dpop.make(jwk, client.sign, method=METHOD, url=URL, jti=f"{n:032x}", iat=now, token=token)
        for n in range((ROUNDS + 1) * EACH)
    ]


def _bare(client: PrivateKey, proofs: Sequence[str]) -> Use:
    """Check the signature and nothing else; message and signature were taken out before."""
    public: Any = ClientKey.from_jwk(client.public_jwk()).public
    parts = {}
    for proof in proofs:
        message, _, signature = proof.rpartition(".")
        raw = base64url.decode(signature)
        r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        parts[proof] = (encode_dss_signature(r, s), message.encode())

    def use(proof: str) -> None:
        signature, message = parts[proof]
        public.verify(signature, message, ec.ECDSA(SHA256()))

    return use


if __name__ == "__main__":
    print_part(measure())
