"""What a change of the catalogue stops, counted over the applications that have its scopes."""

from collections.abc import Iterable

from gatepass.server.admin.operations.effects import RECENTLY
from gatepass.server.admin.operations.model import Call, Effect
from gatepass.server.domain.applications.store import count_with_any
from gatepass.server.domain.catalogue import operations
from gatepass.server.domain.usage.overview import store as overview
from gatepass.translation.message import Message


def of_scope(call: Call, name: str, *, restricted: bool | None, default: bool | None) -> Effect:
    """Return what stops when a scope is restricted, or the default of new applications, or not."""
    before = operations.current(call.context).scopes.get(name)
    said, counts = _holders(call, (name,))
    sentences = [said]
    if before and restricted is not None and restricted != before.is_restricted:
        sentences.append(
            Message("They keep it. Partners cannot choose it any more: only you grant it.")
            if restricted
            else Message("Administrators of every partner can choose it from now on.")
        )
    if before and default is not None and default != before.is_default:
        sentences.append(
            Message("New applications have it, unless other scopes are chosen for them.")
            if default
            else Message("New applications do not have it any more, unless it is chosen.")
        )
    return Effect(True, tuple(sentences), counts)


def of_removed_scope(call: Call, name: str) -> Effect:
    """Return what stops when a scope is removed, which no application may have any more."""
    said, counts = _holders(call, (name,))
    return Effect(True, (said, Message("Token requests that name it are refused.")), counts)


def of_resource(call: Call, uri: str, *, changes_form: bool) -> Effect:
    """Return what stops when tokens for an API get another form."""
    names = operations.current(call.context).of_resource(uri).names
    said, counts = _holders(call, names)
    sentences = [said]
    if changes_form:
        sentences.append(
            Message(
                "New tokens for it have the other form at once: its API must accept both until the "
                "last old one has expired."
            )
        )
    return Effect(True, tuple(sentences), counts)


def of_removed_resource(call: Call, uri: str) -> Effect:
    """Return what stops when an API is removed, of which there may be no scope any more."""
    said, counts = _holders(call, operations.current(call.context).of_resource(uri).names)
    return Effect(True, (said, Message("Token requests that name it are refused.")), counts)


def _holders(call: Call, names: Iterable[str]) -> tuple[Message, dict[str, int]]:
    """Return how many applications have one of some scopes, and what they were issued."""
    with call.context.database.read() as connection:
        holders = count_with_any(connection, names)
        issued = overview.issued_with_scopes(connection, names, call.context.now() - RECENTLY)
    said = Message.plural(
        "{count} application has it: it was issued {issued} tokens in the last hour.",
        "{count} applications have it: they were issued {issued} tokens in the last hour.",
        holders,
        issued=issued,
    )
    return said, {"applications": holders, "tokens_in_the_last_hour": issued}
