"""The documentation site at /docs/: the files of a folder that the operator has built."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from gatepass.server.http import App, Message, Receive, Response, Scope, Send, send_response

PATH = "/docs"

# The site has no inline script or style, and its search fetches the pages that it has found.
_CSP = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _CSP),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
)
_METHODS = frozenset({"GET", "HEAD"})
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


class Documentation:
    """An ASGI application: the site's files, and another application's answer to all else.

    StaticFiles serves regular files within the folder alone; a symbolic link that leads out of it
    is not followed.
    """

    def __init__(self, folder: Path, others: App) -> None:
        self._files = GZipMiddleware(StaticFiles(directory=folder, html=True, check_dir=False))
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, to: Send) -> None:
        """Answer a request."""
        path = scope["path"]
        if path == PATH:
            await send_response(
                Response(308, ((b"location", PATH.encode() + b"/"), *_HEADERS), b""), to
            )
        elif not path.startswith(f"{PATH}/"):
            await self._others(scope, receive, to)
        elif scope["method"] not in _METHODS:
            headers = ((b"allow", b"GET, HEAD"), _TEXT, *_HEADERS)
            await send_response(Response(405, headers, b"Use GET.\n"), to)
        else:
            try:
                await self._files({**scope, "root_path": PATH}, receive, _with_headers(to))
            except HTTPException:  # raised before anything is sent: there is no such file
                await self._others(scope, receive, to)


def _with_headers(to: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            # A browser asks each time, and a file that has not changed is answered 304.
            headers = [*message["headers"], *_HEADERS, (b"cache-control", b"no-cache")]
            message = {**message, "headers": headers}
        await to(message)

    return with_headers
