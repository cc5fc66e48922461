"""DPoP proofs (RFC 9449): the examples of the RFC, and what a proof is bound to."""

import pytest

from gatepass.jose import compact, dpop
from gatepass.jose.keys.private_key import PrivateKey

EXAMPLE = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0"
    "VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10"
    "NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjo"
    "iUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ."
    "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
AT_RESOURCE = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0"
    "VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10"
    "NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjo"
    "iR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI"
    "6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2o"
    "W9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
# Of the later request in section 5, with a refresh token: the header is that of the others.
RENEWAL = (
    EXAMPLE.partition(".")[0] + ".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0"
    "dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBP"
    "XpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA"
)
NONCE = "eyJ7S_zG.eyJH0-Z.HX4w-7v"  # of section 8
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
RESOURCE = "https://resource.example.org/protectedresource"
KEY = PrivateKey.generate("ES256")
URL = "https://api.example/a/b"
NOW = 1_000_000.0


def made(**claims: object) -> dpop.Proof:
    members = {"jti": "1", "htm": "POST", "htu": URL, "iat": int(NOW), **claims}
    jwk = {name: KEY.public_jwk()[name] for name in ("kty", "crv", "x", "y")}
    return dpop.read(
        compact.sign({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}, members, KEY.sign)
    )


def fault_of(proof: dpop.Proof, url: str = URL, **more: object) -> str:
    settings = {"method": "POST", "url": url, "now": NOW, "longest_age": 60.0, **more}
    try:
        dpop.check(proof, **settings)  # type: ignore[arg-type]
    except dpop.InvalidProofError as error:
        return error.fault
    return ""


@pytest.mark.spec("RFC 9449", "4.1")
@pytest.mark.spec("RFC 9449", "6.1")
def test_the_proof_of_the_rfc_is_accepted_and_names_its_key() -> None:
    proof = dpop.read(EXAMPLE)

    assert (proof.jkt, proof.jti, proof.htm) == (JKT, "-BwC3ESc6acc2lTc", "POST")
    assert not fault_of(proof, "https://server.example.com/token", now=1562262616.0)


@pytest.mark.spec("RFC 9449", "5")
def test_the_proofs_of_the_rfc_are_accepted_at_their_time_alone() -> None:
    url = "https://server.example.com/token"
    first, renewal = dpop.read(EXAMPLE), dpop.read(RENEWAL)

    assert (renewal.jkt, renewal.jti, renewal.iat) == (JKT, first.jti, 1562265296)
    assert not fault_of(renewal, url, now=1562265296.0)
    assert fault_of(first, url, now=1562265296.0) == "time"
    assert fault_of(renewal, url, now=1562262616.0) == "time"


@pytest.mark.spec("RFC 9449", "8")
def test_the_nonce_of_the_rfc_is_compared_as_it_is_written() -> None:
    proof = made(nonce=NONCE)

    assert not fault_of(proof, nonces={NONCE})
    assert fault_of(proof, nonces={NONCE[:-1]}) == "nonce"
    assert (
        fault_of(
            dpop.read(EXAMPLE), "https://server.example.com/token", now=1562262616.0, nonces={NONCE}
        )
        == "nonce"
    )


@pytest.mark.spec("RFC 9449", "7.1")
def test_the_proof_for_a_resource_has_the_digest_of_its_access_token() -> None:
    proof = dpop.read(AT_RESOURCE)
    at = {"method": "GET", "now": 1562262618.0}

    assert not fault_of(proof, RESOURCE, token=TOKEN, **at)
    assert fault_of(proof, RESOURCE, token=TOKEN + "A", **at) == "token"
    assert fault_of(made(), token=TOKEN) == "token"


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({}, ""),
        ({"htm": "GET"}, "method"),
        ({"htm": "post"}, "method"),
        ({"htu": "https://api.example/a/c"}, "url"),
        ({"htu": "https://other.example/a/b"}, "url"),
        ({"htu": "http://api.example/a/b"}, "url"),
        ({"htu": "https://api.example:8443/a/b"}, "url"),
        ({"htu": "https://user@api.example/a/b"}, "url"),
        ({"htu": "/a/b"}, "url"),
        ({"htu": "https://[api.example/a/b"}, "url"),
        ({"htu": "https://api.example:99999/a/b"}, "url"),
        ({"iat": NOW - 61}, "time"),
        ({"iat": NOW - 60}, ""),
        ({"iat": NOW + 10}, ""),
        ({"iat": NOW + 11}, "time"),
    ],
    ids=str,
)
def test_a_proof_is_for_one_method_one_address_and_a_short_time(
    claims: dict[str, object], fault: str
) -> None:
    assert fault_of(made(**claims)) == fault


@pytest.mark.spec("RFC 9449", "8")
def test_where_nonces_are_asked_for_one_of_them_must_be_in_the_proof() -> None:
    nonces = {"new", "old"}

    assert not fault_of(made(nonce="old"), nonces=nonces)
    assert fault_of(made(nonce="other"), nonces=nonces) == "nonce"
    assert fault_of(made(), nonces=nonces) == "nonce"


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": ""},
        {"jti": 1},
        {"jti": None},
        {"jti": "a" * 257},
        {"htm": None},
        {"htu": ["a"]},
        {"iat": "1"},
        {"iat": None},
        {"ath": 1},
        {"nonce": {}},
    ],
    ids=str,
)
def test_a_proof_with_a_claim_that_is_missing_or_of_another_type_is_refused(
    claims: dict[str, object],
) -> None:
    with pytest.raises(dpop.InvalidProofError) as caught:
        made(**claims)
    assert caught.value.fault == "malformed"


@pytest.mark.spec("RFC 9449", "4.2")
@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "Ed25519", "PS256"])
def test_a_made_proof_is_for_the_request_without_its_query(alg: str) -> None:
    key = PrivateKey.generate(alg)
    text = dpop.make(
        key.public_jwk(),
        key.sign,
        method="GET",
        url=f"{URL}?a=b#c",
        jti="1",
        iat=int(NOW),
        token=TOKEN,
        nonce="n",
    )
    proof = dpop.read(text)

    assert proof.jkt == key.kid
    assert proof.htu == URL
    assert not fault_of(proof, f"{URL}?other=query", method="GET", token=TOKEN, nonces=["n"])


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"alg": "ES384"},
        {"jwk": KEY.private_jwk()},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": {}},
        {"jwk": PrivateKey.generate("ES256").public_jwk()},
        {"jwk": "key"},
    ],
    ids="-".join,
)
def test_a_proof_without_the_public_key_that_signed_it_is_refused(
    header: dict[str, object],
) -> None:
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": KEY.public_jwk(), **header}
    text = compact.sign(head, {"jti": "1", "htm": "POST", "htu": URL, "iat": 1}, KEY.sign)

    with pytest.raises(dpop.InvalidProofError):
        dpop.read(text)


@pytest.mark.spec("RFC 3986", "6.2.2")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example", "https://a.example/"),
        ("https://A.example:443/x", "HTTPS://a.example/x"),
        ("http://a.example:80/", "http://a.example/"),
        ("https://a.example/%7Eb", "https://a.example/~b"),
        ("https://a.example/%2f", "https://a.example/%2F"),
        ("https://a.example/b/../c/./d", "https://a.example/c/d"),
        ("https://a.example/b/..", "https://a.example/"),
        ("https://a.example/b/.", "https://a.example/b/"),
        ("https://a.example/x?y=1", "https://a.example/x#z"),
        ("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x"),
    ],
)
def test_addresses_that_name_the_same_are_equal(one: str, other: str) -> None:
    assert dpop.normalized(one) == dpop.normalized(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "https://a.example/x/"),
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/a%2Fb", "https://a.example/a/b"),
        ("https://a.example/a//b", "https://a.example/a/b"),
        ("https://a.example:444/", "https://a.example/"),
    ],
)
def test_addresses_that_name_others_are_not(one: str, other: str) -> None:
    assert dpop.normalized(one) != dpop.normalized(other)
