"""The API's description: OpenAPI and a bundled Swagger UI, which works without internet access."""

import json
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from gatepass.server.configuration.branding.brand import Brand
from gatepass.server.oauth import metadata
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.wire.metadata import PARTNER_API

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

# URLs are relative, so that the page can be mounted anywhere with the portal.
_ROOT = "../" * PARTNER_API.count("/")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{sandbox_title}{name} Partner API</title>
<link rel="stylesheet" href="docs/swagger-ui/swagger-ui.css">
<link rel="stylesheet" href="docs/docs.css">
{stylesheet}<link rel="icon" href="{icon}">
</head>
<body>
<header class="brand-bar">
<a class="brand" href="{root}accounts/login/">{logo}{shown_name}</a>{sandbox}
<ul>{links}</ul>
</header>
<main id="docs" data-openapi="openapi.json"></main>
<noscript><p>These pages need JavaScript. The description itself is the document
<a href="openapi.json">openapi.json</a>.</p></noscript>
<script src="docs/swagger-ui/swagger-ui-bundle.js"></script>
<script src="docs/docs.js"></script>
</body>
</html>
"""


async def _page(request: Request) -> Response:
    environment: ServedEnvironment = request.scope["gatepass.environment"]
    return HTMLResponse(_html(environment.brand, environment.name), headers=_HEADERS)


def _html(brand: Brand, environment: str) -> str:
    """Return the page with the name, images, colours and links of an environment's brand."""
    files = _ROOT + brand.path.removeprefix("/")
    is_sandbox = environment == "sandbox"
    links = (
        ("Support", brand.support_url),
        ("Terms", brand.terms_url),
        ("Privacy", brand.privacy_url),
    )
    return _PAGE.format(
        name=escape(brand.name),
        root=_ROOT,
        sandbox_title="SANDBOX · " if is_sandbox else "",
        sandbox="<strong>SANDBOX</strong>" if is_sandbox else "",
        stylesheet=f'<link rel="stylesheet" href="{files}{brand.stylesheet}">\n'
        if brand.stylesheet
        else "",
        icon=f"{files}{brand.icon}" if brand.icon and not is_sandbox else "docs/icon.svg",
        logo=_logo(brand, files),
        shown_name="" if brand.logo_has_name else escape(brand.name),
        links="".join(
            f'<li><a href="{escape(url)}">{words}</a></li>' for words, url in links if url
        ),
    )


def _logo(brand: Brand, files: str) -> str:
    if not brand.logo:
        return ""
    dark = (
        f'<source media="(prefers-color-scheme: dark)" srcset="{files}{brand.logo_dark}">'
        if brand.logo_dark
        else ""
    )
    alt = escape(brand.name) if brand.logo_has_name else ""
    return f'<picture>{dark}<img src="{files}{brand.logo}" alt="{alt}"></picture>'


def routes(openapi: Callable[[], dict[str, Any]]) -> list[BaseRoute]:
    """Return the routes of the OpenAPI document and of its pages."""

    @cache
    def document(title: str) -> bytes:
        described = openapi()
        return json.dumps({**described, "info": {**described["info"], "title": title}}).encode()

    async def described(request: Request) -> Response:
        environment: ServedEnvironment = request.scope["gatepass.environment"]
        named = document(f"{environment.brand.name} Partner API")
        status, headers, body = metadata.cached(named, request.scope)
        response = Response(body, status)
        response.raw_headers += headers
        return response

    return [
        Route("/openapi.json", described, methods=metadata.METHODS),
        Route("/docs", _page),
        Mount("/docs", GZipMiddleware(StaticFiles(directory=_STATIC))),
    ]
