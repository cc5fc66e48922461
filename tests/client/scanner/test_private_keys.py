"""Private keys in files: found in PEM and JWK, and nothing that only looks like one."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatepass.cli import main
from gatepass.client.scanner.private_keys import KeyFinding, KeyWatch
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey

KEYS = {alg: PrivateKey.generate(alg) for alg in ("ES256", "Ed25519", "PS256")}


def find(content: bytes, size: int = 1 << 16) -> list[KeyFinding]:
    watch = KeyWatch()
    chunks = (content[at : at + size] for at in range(0, len(content), size))
    assert b"".join(watch.passing(chunks)) == content
    return watch.found


@pytest.mark.parametrize("alg", KEYS)
def test_each_kind_of_key_is_found_in_each_form(alg: str) -> None:
    pem, jwk = KEYS[alg].pem(), KEYS[alg].private_jwk()
    escaped = json.dumps({"private_key": pem})

    assert find(f"a\n b {pem}".encode()) == [KeyFinding(2, 4, "PEM")]
    assert [each.form for each in find(escaped.encode())] == ["PEM"]
    for text in (json.dumps(jwk), json.dumps(jwk, indent=2), json.dumps({"keys": [jwk]})):
        assert [each.form for each in find(text.encode())] == ["JWK"]


@pytest.mark.parametrize("size", [3, 7, 100, 4096])
def test_a_key_across_chunks_is_found_once_at_its_place(size: int) -> None:
    text = "x\n" * 5000 + KEYS["ES256"].pem() + "y" * 9000 + json.dumps(KEYS["ES256"].private_jwk())
    found = find(text.encode(), size)

    assert [each.form for each in found] == ["PEM", "JWK"]
    assert (found[0].line, found[0].column) == (5001, 1)


@pytest.mark.parametrize(
    "text",
    [
        ClientKey.from_jwk(KEYS["ES256"].public_jwk()).pem(),
        json.dumps(KEYS["PS256"].public_jwk()),
        "-----BEGIN PRIVATE KEY-----",
        'marker = "-----BEGIN PRIVATE KEY-----"\nprint(marker)',
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + "A" * 64,
        '{"d": "' + "A" * 43 + '"}',
        '{"kty": "EC", "d": "short"}',
        "# gatepass: allow\n" + KEYS["ES256"].pem(),
    ],
    ids=range(8),
)
def test_what_is_no_private_key_or_is_allowed_is_not_found(text: str) -> None:
    assert find(text.encode()) == []


def scan(*words: str) -> Result:
    return CliRunner().invoke(main, ["scan", *words], prog_name="gatepass")


def test_the_command_finds_them_where_it_is_asked_to(tmp_path: Path) -> None:
    key = KEYS["ES256"]
    (tmp_path / "key.json").write_text(json.dumps(key.private_jwk()))
    (tmp_path / "utf16.pem").write_text(key.pem(), encoding="utf-16")

    assert scan(str(tmp_path)).exit_code == 0
    result = scan("--keys", str(tmp_path))
    assert result.exit_code == 1
    assert "private key in JWK" in result.stdout
    assert "utf16.pem:1:1: private key in PEM" in result.stdout
    assert key.private_jwk()["d"] not in result.output
    found = json.loads(scan("--keys", "--json", str(tmp_path)).stdout)
    assert {(each["kind"], each["form"]) for each in found} == {
        ("private_key", "PEM"),
        ("private_key", "JWK"),
    }
