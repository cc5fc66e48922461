"""Single streams with their right outcome, from `tests/vectors/http/`.

A file maps a name to a case: `stream`, a text in Latin-1 or a list of texts and of
[text, how often]; `served`, the requests that the application gets (`host` null: no Host field;
`body` null: the body is not delivered whole); `refused`, the statuses that a refusal may have;
`closes`, where the server closes without one.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from server.serving.http1.requests import Delivered

_FOLDER = Path(__file__).parents[3] / "vectors" / "http"
_LONG = 4096  # bytes: where a stream takes long to play byte for byte


class Served(NamedTuple):
    """What a case says about a request that is served."""

    method: bytes
    target: bytes
    host: bytes | None
    body: bytes | None

    @classmethod
    def of(cls, delivered: Delivered) -> "Served":
        hosts = [value for name, value in delivered.fields if name == b"host"]
        assert len(hosts) < 2
        host = hosts[0] if hosts else None
        return cls(delivered.method, delivered.target, host, delivered.body)


class Case(NamedTuple):
    name: str
    raw: bytes
    served: list[Served]
    refused: frozenset[int]
    closes: bool

    def pieces(self) -> list[list[bytes]]:
        """Return ways in which the stream may arrive."""
        raw = self.raw
        size = 1 if len(raw) < _LONG else 1000
        return [[raw], [raw[n : n + size] for n in range(0, len(raw), size)]]


def _text(parts: Any) -> bytes:  # noqa: ANN401 - as JSON has it
    if isinstance(parts, str):
        return parts.encode("latin-1")
    return b"".join(
        _text(part) if isinstance(part, str) else _text(part[0]) * part[1] for part in parts
    )


def _served(told: dict[str, Any]) -> Served:
    host, body = told["host"], told["body"]
    return Served(
        _text(told["method"]),
        _text(told["target"]),
        None if host is None else _text(host),
        None if body is None else _text(body),
    )


def _case(name: str, told: dict[str, Any]) -> Case:
    return Case(
        name,
        _text(told["stream"]),
        [_served(each) for each in told["served"]],
        frozenset(told.get("refused", ())),
        told.get("closes", False),
    )


CASES = [
    _case(f"{file.stem}: {name}", told)
    for file in sorted(_FOLDER.glob("*.json"))
    for name, told in json.loads(file.read_text()).items()
]
