"""Through both doors a DPoP proof gets the same answer: status, headers and body."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gatepass.wire.metadata import INTROSPECT, TOKEN, VERIFY_ENVOY
from server.fixtures import GRANT, LIVE, URL, basic, new_clock
from server.proofs import Prover, require
from server.serving.fast_path.doors import Door, Response, door
from server.serving.fast_path.requests import Ask, Headers

_BODY = "&".join(f"{name}={value}" for name, value in GRANT.items()).encode()


class Doors(NamedTuple):
    fast: Door
    asgi: Door


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    data: Path = tmp_path_factory.mktemp("doors") / "data"
    clock, given = new_clock(), {"production": {"dpop_nonces": True}}
    with door(data, clock, **given) as fast, door(data, clock, fast_path=False, **given) as asgi:
        yield Doors(fast, asgi)


def heard(at: Door, headers: Headers, body: bytes = _BODY, target: str = TOKEN) -> Response:
    with at.connect() as line:
        line.say(Ask(path=target, body=body, more=headers).raw())
        answer = line.hear()
    assert answer is not None
    return answer


def compared(response: Response) -> tuple[int, list[object], bytes]:
    """Return what must be the same: a token and its length are not."""
    body = b"" if response.status == 200 else response.body
    names: list[object] = [
        pair if pair[0] == b"dpop-nonce" else pair[0] for pair in response.headers
    ]
    return response.status, names, body


@pytest.mark.spec("RFC 9449", "5")
def test_both_doors_answer_alike_to_proofs(doors: Doors) -> None:
    fast, asgi = doors
    client, prover = require(fast.server, fast.server.register()), Prover(fast.server)
    by = ("Authorization", basic(client.client_id, client.secret.value))
    nonces = fast.server.environment().proofs
    nonce = nonces.nonce(prover.now())
    claims: list[dict[str, object]] = [
        {"nonce": nonce},
        {},
        {"nonce": "a"},
        {"nonce": nonce, "htm": "GET"},
        {"nonce": nonce, "htu": URL[LIVE]},
        {"nonce": nonce, "iat": 1},
        {"nonce": nonce, "jti": None},
    ]

    def answers(at: Door) -> list[tuple[int, list[object], bytes]]:
        proofs = [("DPoP", prover.proof(each)) for each in claims]
        sent: list[Headers] = [(by,), *((by, each) for each in proofs)]
        sent += [(by, proofs[0]), (by, proofs[0], proofs[1]), (by, ("DPoP", "a.b.c"))]
        return [compared(heard(at, each)) for each in sent]

    before = fast.by_fast_path
    first, second = answers(fast), answers(asgi)

    assert first == second
    assert fast.by_fast_path - before == len(first) - 1  # not the one with two proofs
    assert [status for status, _, _ in first] == [400, 200, *[400] * 9]


@pytest.mark.spec("RFC 9449", "7.1")
def test_both_doors_answer_envoy_alike(doors: Doors) -> None:
    fast, asgi = doors
    client, prover = fast.server.register(), Prover(fast.server)
    by = ("Authorization", basic(client.client_id, client.secret.value))
    nonce = {"nonce": fast.server.environment().proofs.nonce(prover.now())}
    issued = heard(fast, (by, ("DPoP", prover.proof(nonce))))
    token = json.loads(issued.body)["access_token"]
    url, target = "https://api.example.com/orders/7", f"{VERIFY_ENVOY}production/dpop=request/"
    host, by = ("X-Forwarded-Proto", "https"), ("Authorization", f"DPoP {token}")

    def answers(at: Door) -> list[tuple[int, list[object], bytes]]:
        found = []
        for method, path in [("PUT", "/orders/7"), ("PUT", "/orders/7?a"), ("POST", "/orders/7")]:
            for named in ("PUT", "POST", "HEAD"):
                for more in ((host,), ()):
                    proof = prover.proof(nonce, method=named, url=url, token=token)
                    ask = Ask(
                        method=method,
                        path=target + path,
                        host=("api.example.com",),
                        body=b"",
                        more=(by, ("DPoP", proof), *more),
                    )
                    with at.connect() as line:
                        line.say(ask.raw())
                        answer = line.hear()
                    assert answer is not None
                    found.append(compared(answer))
        return found

    before = fast.by_fast_path
    first, second = answers(fast), answers(asgi)

    assert first == second
    assert fast.by_fast_path - before == len(first)
    right = [200, 500, 401, 500, 401, 500]
    assert [status for status, _, _ in first] == [*right, *right, 401, 500, 200, 500, 401, 500]


@pytest.mark.spec("RFC 9449", "7.2")
def test_both_doors_describe_a_bound_token_alike(doors: Doors) -> None:
    fast, asgi = doors
    client, prover = fast.server.register(), Prover(fast.server)
    by = ("Authorization", basic(client.client_id, client.secret.value))
    nonce = fast.server.environment().proofs.nonce(prover.now())
    answer = heard(fast, (by, ("DPoP", prover.proof({"nonce": nonce}))))
    token = answer.body.split(b'"')[3]

    described = [heard(at, (by,), b"token=" + token, INTROSPECT).body for at in (fast, asgi)]

    assert described[0] == described[1]
    assert b'"cnf": {"jkt": "%b"}' % prover.jkt.encode() in described[0]
