"""Headers of proxies, true and forged, and what they say of a client: the cases of the vectors."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from server.serving.fast_path.requests import Headers

_FILE = Path(__file__).parents[1] / "vectors" / "forwarded_headers.json"
PEER = "127.0.0.1"  # where every case's connection comes from


class Case(NamedTuple):
    """What a peer sends, and whom the server should see."""

    name: str
    headers: Headers
    source: str
    scheme: str


class Group(NamedTuple):
    """Cases for a server with these settings."""

    name: str
    settings: dict[str, Any]
    cases: tuple[Case, ...]


def _case(name: str, given: dict[str, Any]) -> Case:
    headers = tuple((key, value) for key, value in given["headers"])
    return Case(name, headers, given["source"], given["scheme"])


GROUPS = tuple(
    Group(name, group["settings"], tuple(_case(*each) for each in group["cases"].items()))
    for name, group in json.loads(_FILE.read_text()).items()
)
