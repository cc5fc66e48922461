"""A refused assertion costs the same work for whatever reason: no time tells who exists."""

from collections import Counter
from typing import NamedTuple

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret
from server.assertions import KeyClient, with_key
from server.fixtures import TEST, InProcessServer, refused

STRANGER = PrivateKey.generate("ES256")


class Work(NamedTuple):
    """How often a request verified a signature, and compared a secret."""

    signatures: int
    secrets: int


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the work that takes time."""
    found: Counter[str] = Counter()
    verify, digest = ClientKey.verify, Secret.digest

    def verify_counted(key: ClientKey, alg: str, message: bytes, signature: bytes) -> bool:
        found["signatures"] += 1
        return verify(key, alg, message, signature)

    def digest_counted(secret: Secret) -> bytes:
        found["secrets"] += 1
        return digest(secret)

    monkeypatch.setattr(ClientKey, "verify", verify_counted)
    monkeypatch.setattr(Secret, "digest", digest_counted)
    return found


def work(server: InProcessServer, by: KeyClient, text: str, counted: Counter[str]) -> Work:
    counted.clear()
    form = {"grant_type": "client_credentials", **by.form(text)}
    answer = server.post(TOKEN, by.mode, data=form)
    assert refused(answer) == (401, "invalid_client")
    return Work(counted["signatures"], counted["secrets"])


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("alg", ["ES256", "Ed25519", "PS256"])
def test_each_refusal_verifies_one_signature_and_compares_as_many_secrets(
    server: InProcessServer, counted: Counter[str], alg: str
) -> None:
    by = with_key(server, alg=alg)
    absent = by._replace(client=server.register(TEST))
    keyless = by._replace(client=server.register())
    stranger = PrivateKey.generate(alg)
    refusals = {
        "unknown client": (absent, absent.assertion()),
        "a client without keys": (keyless, keyless.assertion()),
        "wrong key": (by, by.assertion(key=stranger)),
        "unknown kid": (by, by.assertion({"kid": "other"}, stranger)),
        "wrong audience": (by, by.assertion(aud="https://other.example")),
        "expired": (by, by.assertion(exp=by.now - 9)),
    }

    done = {name: work(server, who, text, counted) for name, (who, text) in refusals.items()}

    assert set(done.values()) == {Work(1, done["unknown client"].secrets)}, done
