"""Through both doors a refused assertion costs the same work, for a client that exists and not."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.tokens.assertion import MOST_TRIED
from server.assertions import with_key
from server.fixtures import GRANT, TEST, new_clock
from server.serving.fast_path.doors import door
from server.serving.fast_path.requests import Ask


@pytest.mark.spec("RFC 6749", "5.2")
def test_both_doors_verify_as_many_signatures_for_each_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = ClientKey.verify

    def verify_counted(key: ClientKey, alg: str, message: bytes, signature: bytes) -> bool:
        verified.append(alg)
        return verify(key, alg, message, signature)

    monkeypatch.setattr(ClientKey, "verify", verify_counted)
    headers: list[dict[str, object]] = [{}, {"kid": None}]
    clock, data, stranger = new_clock(), tmp_path / "data", PrivateKey.generate("ES256")
    with door(data, clock) as fast, door(data, clock, fast_path=False) as asgi:
        by = with_key(fast.server)
        absent = by._replace(client=fast.server.register(TEST))
        found = []
        for at in (fast, asgi):
            for who in (by, absent):
                for header in headers:
                    verified.clear()
                    form = GRANT | who.form(who.assertion(header, stranger))
                    with at.connect() as line:
                        line.say(Ask(body=urlencode(form).encode()).raw())
                        answer = line.hear()
                    assert answer is not None
                    assert answer.status == 401
                    found.append(len(verified))

        assert found == [1, MOST_TRIED] * 4
        assert fast.by_fast_path > asgi.by_fast_path == 0
