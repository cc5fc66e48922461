"""A refused client costs the same work for whatever reason: no time tells who exists."""

from collections import Counter
from datetime import timedelta
from itertools import product
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gatepass.jose import base64url
from gatepass.jose.keys.placeholder_key import placeholder_key
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.keys import operations, store
from gatepass.server.domain.applications.keys.model import ApplicationKey
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.tokens.assertion import MOST_TRIED
from gatepass.wire.metadata import TOKEN
from gatepass.wire.secret import Secret
from server.assertions import KeyClient, with_key
from server.fixtures import GRANT, LIVE, TEST, InProcessServer, basic, refused
from server.proofs import Prover

NO_KID: dict[str, object] = {"kid": None}


class Work(NamedTuple):
    """What a request cost: signatures that it verified, by the key's size, and secrets."""

    signatures: dict[str, int]
    secrets: int


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the work that takes time."""
    found: Counter[str] = Counter()
    verify, digest = ClientKey.verify, Secret.digest

    def verify_counted(key: ClientKey, alg: str, message: bytes, signature: bytes) -> bool:
        size = key.public.key_size if isinstance(key.public, RSAPublicKey) else ""
        found[f"{alg} {size}"] += 1
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
    secrets = counted.pop("secrets", 0)
    return Work(dict(counted), secrets)


def added(server: InProcessServer, by: KeyClient, *keys: ClientKey, days: int = 0) -> KeyClient:
    """Give the client more keys, which end in so many days if there are any."""
    context = server.environment(by.mode).context
    end = context.now() + timedelta(days=days) if days else None
    for each in keys:
        operations.add(
            context,
            OPERATOR,
            by.client.application.id,
            None,
            name="More",
            text=each.pem().encode(),
            expires_at=end,
        )
    return by


def registered(server: InProcessServer, by: KeyClient) -> list[ApplicationKey]:
    context = server.environment(by.mode).context
    with context.database.read() as connection:
        return store.of_application(connection, by.client.application.id)


def of_length(octets: int) -> ClientKey:
    """Return an RSA key with a modulus of so many bytes; nobody can sign with it."""
    return placeholder_key("PS256", bytes(octets))


def new(alg: str) -> ClientKey:
    return ClientKey.from_jwk(PrivateKey.generate(alg).public_jwk())


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

    known = done["unknown client"]
    assert sum(known.signatures.values()) == 1
    assert all(each == known for each in done.values()), done


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("alg", ["ES256", "ES512", "Ed25519"])
def test_a_refusal_verifies_as_many_signatures_where_no_key_is_named_however_many_there_are(
    server: InProcessServer, counted: Counter[str], alg: str
) -> None:
    one, many = with_key(server, alg=alg), with_key(server, alg=alg)
    two = added(server, with_key(server, alg=alg), new(alg))
    other = with_key(server, alg="ES384")
    added(server, many, *(new(alg) for _ in range(6)))
    stranger = PrivateKey.generate(alg)
    refusals: dict[str, tuple[KeyClient, PrivateKey, dict[str, object]]] = {
        "unknown client": (one._replace(client=server.register(TEST)), stranger, {}),
        "no key": (one._replace(client=server.register()), stranger, {}),
        "a key for another algorithm": (other, stranger, {}),
        "one key": (one, stranger, {}),
        "two keys": (two, stranger, {}),
        "seven keys": (many, stranger, {}),
        "the first of two, expired": (two, two.key, {"exp": two.now - 9}),
        "the first of seven, wrong audience": (many, many.key, {"aud": "https://other.example"}),
    }

    done = {
        name: work(server, by, by.assertion(NO_KID, key, **claims), counted)
        for name, (by, key, claims) in refusals.items()
    }

    known = done["unknown client"]
    assert known.signatures == {f"{alg} ": MOST_TRIED}
    assert all(each == known for each in done.values()), done


@pytest.mark.spec("RFC 6749", "5.2")
def test_the_first_refusal_of_a_client_costs_the_same_where_the_database_is_asked_in_a_thread(
    server: InProcessServer, counted: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    by, stranger = with_key(server), PrivateKey.generate("ES256")
    fresh, absent = with_key(server), by._replace(client=server.register(TEST))
    assert server.post(TOKEN, data=GRANT | by.form()).status_code == 200  # it is in memory
    monkeypatch.setattr(server.environment().database, "direct_reads", None)  # as on PostgreSQL

    done = [
        work(server, who, who.assertion(header, stranger), counted)
        for header in ({}, NO_KID)
        for who in (by, fresh, absent)
    ]

    assert done == [Work({"ES256 ": 1}, 1)] * 3 + [Work({"ES256 ": MOST_TRIED}, 1)] * 3


@pytest.mark.parametrize("octets", [256, 512])
@pytest.mark.parametrize("header", [{}, NO_KID], ids=str)
def test_an_rsa_signature_costs_what_one_of_its_length_does_whatever_keys_there_are(
    server: InProcessServer, counted: Counter[str], octets: int, header: dict[str, object]
) -> None:
    base = with_key(server)
    absent = base._replace(client=server.register(TEST))
    clients = [absent, base] + [
        added(server, with_key(server), *map(of_length, sizes))
        for sizes in ([256], [384], [512], [256, 512, 384, 260])
    ]
    signed = base64url.encode(b"\x7f" + bytes(octets - 1)), base64url.encode(b"\xfe" * octets)

    found = set()
    for by, signature in product(clients, signed):
        keys = registered(server, by)
        kid = next((each.key.kid for each in keys if "PS256" in each.key.algorithms), "other")
        text = by.assertion({"alg": "PS256", "kid": kid} | header).rpartition(".")[0]
        done = work(server, by, f"{text}.{signature}", counted)
        found.add(tuple(done.signatures.items()))

    assert found == {((f"PS256 {8 * octets}", MOST_TRIED if header else 1),)}


def test_a_signature_that_is_no_number_below_the_modulus_is_not_one_of_the_key() -> None:
    key = of_length(256)
    modulus = base64url.decode(key.members["n"])

    assert not key.fits("PS256", modulus)
    assert not key.fits("PS256", b"\xff" * 256)
    assert key.fits("PS256", b"\xfe" * 256)
    assert not key.fits("PS256", b"\xfe" * 255)


@pytest.mark.spec("RFC 9449", "5")
def test_a_refused_client_costs_no_work_for_its_dpop_proof_whether_it_exists_or_not(
    server: InProcessServer, counted: Counter[str]
) -> None:
    prover, known, unknown = Prover(server), server.register(), server.register(TEST)
    found = []
    for client in (known, unknown):
        counted.clear()
        headers = {
            "Authorization": basic(client.client_id, "wrong"),
            "DPoP": prover.proof(),
        }
        assert refused(server.post(TOKEN, LIVE, headers=headers, data=GRANT)) == (
            401,
            "invalid_client",
        )
        found.append(dict(counted))

    assert found[0] == found[1]
    assert found[0].keys() == {"secrets"}
