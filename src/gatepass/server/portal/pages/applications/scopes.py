"""The scopes of a form."""

from collections.abc import Mapping
from types import SimpleNamespace

from gatepass.server.domain.catalogue.model import Catalogue
from gatepass.translation.message import Message
from gatepass.wire.scope import Scope


def choices(catalogue: Catalogue, offered: Scope, checked: Scope) -> list[SimpleNamespace]:
    """Return the scopes to choose from; with several resources, each scope names its resource."""
    has_several = len(catalogue.resources_of(offered)) > 1
    return [
        SimpleNamespace(
            name=name,
            words=Message("{resource}: {words}", resource=_resource(catalogue, name), words=words)
            if has_several
            else words,
            checked=name in checked,
        )
        for name, words in (
            (name, Message("{words}.", words=catalogue.words(name))) for name in offered.names
        )
    ]


def chosen_of(form: Mapping[str, str], offered: Scope) -> Scope:
    """Return the checked scopes."""
    return Scope(tuple(name for name in offered.names if f"scope_{name}" in form))


def _resource(catalogue: Catalogue, name: str) -> str:
    found = catalogue.scopes.get(name)
    return catalogue.resources[found.resource].name if found else Message("None")
