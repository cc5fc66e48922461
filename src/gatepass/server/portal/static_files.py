"""The stylesheet, script and icons, under a path that contains the digest of their content."""

import re
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from gatepass.server.oauth.served_environment import ServedEnvironment

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
BRAND_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""For a drawing that is opened alone: it has styles of its own, and can do and load nothing."""


def serve(request: Request) -> Response:
    """Return a file, of Gatepass or of the brand of the environment.

    It may be cached forever unless the path has another version's digest.
    """
    name, digest = request.path_params["name"], request.path_params["digest"]
    environment: ServedEnvironment = request.scope["gatepass.environment"]
    brand = environment.brand
    headers = {"x-content-type-options": "nosniff"}
    if name in CONTENTS:
        content, media_type, is_this_version = (
            CONTENTS[name],
            _TYPES[_ending(name)],
            digest == DIGEST,
        )
    elif name in brand.files:
        file = brand.files[name]
        content, media_type, is_this_version = file.content, file.media_type, digest == brand.digest
        headers["content-security-policy"] = BRAND_POLICY
    else:
        return Response(status_code=404, headers=headers)
    headers["cache-control"] = (
        "public, max-age=31536000, immutable" if is_this_version else "no-store"
    )
    headers["cross-origin-resource-policy"] = "same-origin"
    return Response(content, media_type=media_type, headers=headers)
