"""Hostile inputs, from tests/vectors: each character of a text there is one byte."""

import json
from pathlib import Path

VECTORS = Path(__file__).parent.parent / "vectors"


def texts(name: str) -> dict[str, str]:
    loaded: dict[str, str] = json.loads((VECTORS / f"{name}.json").read_text())
    return loaded


def octets(name: str) -> dict[str, bytes]:
    return {key: text.encode("latin-1") for key, text in texts(name).items()}
