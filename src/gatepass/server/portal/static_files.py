"""The stylesheet, script and icons, under a path that contains the digest of their content."""

import re
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

_BETWEEN_RULES = re.compile(rb"(?:\s*/\*.*?\*/)*\s*\n\s*", re.DOTALL)


def _read() -> dict[str, bytes]:
    folder = files("gatepass.server.portal").joinpath("static")
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    return {
        file.name: _compact(file.name, file.read_bytes())
        for file in found
        if _ending(file.name) in _TYPES
    }


def _compact(name: str, content: bytes) -> bytes:
    """Return a stylesheet without comments and indentation, as pages have a limit of 60 kB."""
    return _BETWEEN_RULES.sub(b"\n", content) if _ending(name) == "css" else content


def _ending(name: str) -> str:
    return name.rpartition(".")[2]


def _digest(contents: Mapping[str, bytes]) -> str:
    whole = sha256()
    for name, content in contents.items():
        whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()[:16]


CONTENTS = _read()
"""The files as they are served, by name."""
DIGEST = _digest(CONTENTS)
PREFIX = f"/static/{DIGEST}/"


def serve(request: Request) -> Response:
    """Return a file; it may be cached forever unless the path has another version's digest."""
    name = request.path_params["name"]
    content = CONTENTS.get(name)
    if content is None:
        return Response(status_code=404, headers={"x-content-type-options": "nosniff"})
    is_this_version = request.path_params["digest"] == DIGEST
    keep = "public, max-age=31536000, immutable" if is_this_version else "no-store"
    return Response(
        content,
        media_type=_TYPES[_ending(name)],
        headers={
            "cache-control": keep,
            "cross-origin-resource-policy": "same-origin",
            "x-content-type-options": "nosniff",
        },
    )
