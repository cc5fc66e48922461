"""Tens of thousands of texts that look like a token of ours, of either form; none is one."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from string import ascii_letters, digits

import pytest
from joserfc.jwk import ECKey, OctKey
from joserfc.jws import JWSRegistry

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.keys.operations import all_keys
from gatepass.server.oauth.access_token import read
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.wire.secret import Secret
from server.fixtures import InProcessServer

ALPHABET = ascii_letters + digits + "-_"


@pytest.fixture
def opaque(fresh_server: InProcessServer) -> str:
    return fresh_server.token(fresh_server.register())


@pytest.fixture
def signed(fresh_server: InProcessServer) -> str:
    environment, client = fresh_server.environment(), fresh_server.register()
    catalogue.change_resource(
        environment.context, OPERATOR, environment.partner_api, {"tokens": "jwt"}
    )
    return fresh_server.token(client)


@pytest.fixture(params=["opaque", "signed"])
def token(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def accepted(
    environment: ServedEnvironment, texts: Iterator[str], token: str
) -> tuple[int, list[str]]:
    """Return how many texts were tried, and which of them were taken for a token."""
    tried, taken = 0, []
    for text in texts:
        if text != token:
            tried += 1
            if read(environment, Secret(text)) is not None:
                taken.append(text)
    return tried, taken


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.spec("RFC 9068", "4")
def test_no_token_with_another_character_in_any_place_is_one(
    fresh_server: InProcessServer, token: str
) -> None:
    texts = (
        token[:at] + each + token[at + 1 :] for at in range(len(token)) for each in ALPHABET + ".="
    )

    tried, taken = accepted(fresh_server.environment(), texts, token)

    assert read(fresh_server.environment(), Secret(token)) is not None
    assert tried > 60 * len(token)
    assert taken == []


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.spec("RFC 9068", "4")
def test_no_token_with_a_bit_flipped_cut_or_extended_is_one(
    fresh_server: InProcessServer, token: str
) -> None:
    def texts() -> Iterator[str]:
        size = len(token)
        for at in range(size):
            yield token[:at]
            yield token[at + 1 :]
            yield token[:at] + token[at + 1 :]
            yield token[:at] + token[at] + token[at:]
            for bit in range(8):
                yield token[:at] + chr(ord(token[at]) ^ 1 << bit) + token[at + 1 :]
        for each in (*ALPHABET, ".", "=", "==", " ", "\n", "\x00", "é", "\U0001f511", token):
            yield token + each
            yield each + token
        yield from (token.upper(), token.lower(), token.swapcase(), token[::-1])

    tried, taken = accepted(fresh_server.environment(), texts(), token)

    assert tried > 11 * len(token)
    assert taken == []


@pytest.mark.spec("RFC 8725", "3.10")
def test_no_token_with_its_parts_swapped_is_one(
    fresh_server: InProcessServer, signed: str, opaque: str
) -> None:
    other = fresh_server.token(fresh_server.register())
    parts = [*signed.split("."), *other.split("."), opaque, "", "e30"]
    environment = fresh_server.environment()
    good = {signed, other}

    texts = [f"{a}.{b}.{c}" for a in parts for b in parts for c in parts]
    texts += [f"{a}.{b}" for a in parts for b in parts] + [f"{signed}.{a}" for a in parts]

    taken = [text for text in texts if read(environment, Secret(text)) is not None]
    assert set(taken) == good


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.spec("RFC 9068", "2.1")
def test_no_other_header_is_taken_though_the_right_key_has_signed_it(
    fresh_server: InProcessServer, signed: str
) -> None:
    environment = fresh_server.environment()
    [der] = [key.secret for key in all_keys(environment.context) if key.purpose == "ES256"]
    key, algorithm = ECKey.import_key(der), JWSRegistry.algorithms["ES256"]
    payload = signed.split(".")[1]
    kid = environment.keys.signing_keys["ES256"].kid
    good = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    public = key.as_dict(private=False)

    def with_header(header: str) -> str:
        content = f"{encode(header.encode())}.{payload}"
        return f"{content}.{encode(algorithm.sign(content.encode(), key))}"

    def written(**changes: object) -> str:
        header = {name: value for name, value in {**good, **changes}.items() if value is not None}
        return with_header(json.dumps(header, separators=(",", ":")))

    wrong = [
        *(written(alg=alg) for alg in (None, "none", "HS256", "RS256", "ES384", "es256", "EdDSA")),
        *(
            written(typ=typ)
            for typ in (None, "JWT", "at+JWT", "application/at+jwt", "id+jwt", "", 1)
        ),
        *(written(kid=each) for each in (None, "", "1", f"../{kid}", f"{kid}'--", 1, [kid])),
        written(crit=["exp"], exp=1),
        written(crit=[]),
        written(jwk=public),
        written(jku="https://evil.example/jwks.json"),
        written(x5c=["MIIB"]),
        written(x5u="https://evil.example/x"),
        written(b64=False, crit=["b64"]),
        written(zip="DEF"),
        written(cty="JWT"),
        with_header(json.dumps(good)),
        with_header(json.dumps(dict(reversed(good.items())), separators=(",", ":"))),
        with_header('{"alg":"none",' + json.dumps(good, separators=(",", ":"))[1:]),
        with_header(""),
        with_header("[]"),
        with_header("null"),
    ]
    compact = json.dumps(good, separators=(",", ":"))

    assert read(environment, Secret(with_header(compact))) is not None
    assert [text for text in wrong if read(environment, Secret(text)) is not None] == []


@pytest.mark.spec("RFC 8725", "3.1")
def test_a_public_key_is_no_secret_to_sign_with_and_no_signature_is_none(
    fresh_server: InProcessServer, signed: str
) -> None:
    header, payload, signature = signed.split(".")
    environment = fresh_server.environment()
    raw = JWSRegistry.algorithms["HS256"]
    public = ECKey.import_key(
        next(key.secret for key in all_keys(environment.context) if key.purpose == "ES256")
    ).as_pem(private=False)
    hashed = raw.sign(f"{header}.{payload}".encode(), OctKey.import_key(public.hex()))
    halves = signature[:43], signature[43:]
    wrong = [
        encode(hashed),
        "",
        "AA",
        encode(bytes(64)),
        encode(b"\xff" * 64),
        "".join(halves[::-1]),
    ]

    texts = [f"{header}.{payload}.{each}" for each in wrong]
    assert [text for text in texts if read(environment, Secret(text)) is not None] == []


def test_a_token_of_the_other_environment_is_none(
    fresh_server: InProcessServer, token: str
) -> None:
    other = fresh_server.app.environments[1]

    assert read(other, Secret(token)) is None
