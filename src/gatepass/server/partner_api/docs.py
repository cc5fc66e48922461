"""The API's description: OpenAPI and a bundled Swagger UI, which works without internet access."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gatepass.server.oauth import metadata

_STATIC = Path(__file__).parent / "static"

# CSP does not count styles that scripts set on single elements as inline styles.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

# URLs are relative, so that the page can be mounted anywhere.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gatepass Partner API</title>
<link rel="stylesheet" href="docs/swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="docs/docs.css">
<link rel="icon" href="docs/icon.svg" type="image/svg+xml">
</head>
<body>
<main id="docs" data-openapi="openapi.json"></main>
<noscript><p>These pages need JavaScript. The description itself is the document
<a href="openapi.json">openapi.json</a>.</p></noscript>
<script src="docs/swagger-ui/swagger-ui-bundle.js"></script>
<script src="docs/docs.js"></script>
</body>
</html>
"""


async def _page(_request: Request) -> Response:
    return HTMLResponse(_PAGE, headers=_HEADERS)


def routes(openapi: Callable[[], dict[str, Any]]) -> list[BaseRoute]:
    """Return the routes of the OpenAPI document and of its pages."""

    @cache
    def document() -> bytes:
        return json.dumps(openapi()).encode()

    async def described(request: Request) -> Response:
        status, headers, body = metadata.cached(document(), request.scope)
        response = Response(body, status)
        response.raw_headers += headers
        return response

    return [
        Route("/openapi.json", described, methods=metadata.METHODS),
        Route("/docs", _page),
        Mount("/docs", GZipMiddleware(StaticFiles(directory=_STATIC))),
    ]
