"""The audit trail of an environment: searched, and exported."""

from collections.abc import Iterator
from contextvars import Context
from dataclasses import replace
from itertools import islice
from uuid import UUID

from starlette.responses import Response, StreamingResponse

from gatepass.server.admin.console.pages.organizations.one import entry_line
from gatepass.server.admin.console.rendering import page
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.model import Entry, Filter
from gatepass.server.portal.forms import activity_filter
from gatepass.server.portal.forms.activity_filter import Chosen
from gatepass.server.portal.pages.activity import in_words
from gatepass.server.portal.presentation.activity_export import FORMATS
from gatepass.server.storage.errors import NotFoundError
from gatepass.translation.message import Message

_MOST = 50  # entries on one page
_AT_ONCE = 500  # entries of an export that are read together
_LONGEST_NUMBER = 18  # digits, of an entry's number
_LONGEST = 200
_NO_ID = Message("This is not an organization id.")


def show(request: ConsoleRequest) -> Response:
    """Show the entries that the query asks for, newest first."""
    chosen, org_id = _chosen(request)
    found = _read(request, chosen.wanted, org_id, _before(request), _MOST + 1)
    if chosen.errors:
        found = []
    shown = found[:_MOST]
    older = chosen.query(before=str(shown[-1][0])) if len(found) > _MOST else ""
    return page(
        request,
        "audit.html",
        entries=[entry_line(entry) for _, entry in shown],
        older_url=f"?{older}" if older else "",
        export_urls={name: f"export/?{chosen.query(format=name)}" for name in FORMATS},
        kinds=activity_filter.KINDS,
        values=chosen.values,
        errors=chosen.errors,
        is_filtered=any(chosen.values.values()),
    )


def export(request: ConsoleRequest) -> Response:
    """Return the entries that the query asks for as a file, streamed, newest first."""
    chosen, org_id = _chosen(request)
    format_ = FORMATS.get(request.query.get("format", ""))
    if format_ is None or chosen.errors:
        raise NotFoundError(request.portal.path)
    entries = _all(request, chosen.wanted, org_id, _before(request))
    name = f"audit-{request.environment.name}-{request.environment.now():%Y-%m-%d}"
    return StreamingResponse(
        _joined(format_.write(entries, in_words)),
        media_type=format_.media_type,
        headers={
            "content-disposition": f'attachment; filename="{name}.{request.query["format"]}"',
            "cache-control": "no-store",
        },
    )


def _chosen(request: ConsoleRequest) -> tuple[Chosen, UUID | None]:
    """Return what the query asks for: as in the portal, and an organization and application."""
    chosen = activity_filter.parse(request.query)
    more = {name: request.query.get(name, "").strip()[:_LONGEST] for name in ("org", "client_id")}
    values, org_id = {**chosen.values, **more}, None
    if more["org"]:
        try:
            org_id = UUID(more["org"])
        except ValueError:
            chosen.errors["org"] = _NO_ID
    wanted = replace(chosen.wanted, client_id=more["client_id"])
    return Chosen(wanted, values, chosen.errors), org_id


def _joined(lines: Iterator[str]) -> Iterator[str]:
    """Return many lines as one piece, since each piece is a change of threads."""
    while part := "".join(islice(lines, _AT_ONCE)):
        yield part


def _all(
    request: ConsoleRequest, wanted: Filter, org_id: UUID | None, before: int | None
) -> Iterator[tuple[int, Entry]]:
    """Return all entries, read in parts, so that no transaction is as long as the download."""
    while True:
        # Each part has a time of its own: the deadline is that of the request.
        found = Context().run(_read, request, wanted, org_id, before, _AT_ONCE)
        yield from found
        if len(found) < _AT_ONCE:
            return
        before = found[-1][0]


def _read(
    request: ConsoleRequest, wanted: Filter, org_id: UUID | None, before: int | None, limit: int
) -> list[tuple[int, Entry]]:
    with request.environment.database.read() as connection:
        return store.every(connection, org_id=org_id, before=before, limit=limit, wanted=wanted)


def _before(request: ConsoleRequest) -> int | None:
    text = request.query.get("before")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST_NUMBER:
        raise NotFoundError(text)
    return int(text)
