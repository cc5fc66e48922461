"""What a mail is made of, and the parts that many have."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from gatepass.server.configuration.branding.palette import Colours, Scheme
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users.links.model import Purpose, path
from gatepass.translation.language import ENGLISH
from gatepass.translation.message import Message, Value

Values = Mapping[str, str]
_APPLICATION = re.compile('the application "(?P<name>.*)"')  # as `Actor.description` says it


@dataclass(frozen=True, slots=True)
class Site:
    """Whose mail it is: the operator, and the environment with its portal."""

    operator: str
    address: str
    support: str
    environment: str
    issuer: str
    colours: Mapping[Scheme, Colours] = field(default_factory=dict)
    """Those of a brand, which the buttons have; empty: Gatepass's own."""
    languages: Sequence[str] = (ENGLISH,)
    """Those of the environment; the first one is for those whose language is not known."""
    logo: bytes = field(default=b"", repr=False)
    """The logo of a brand as PNG, which is a part of the mail; empty: the name in its place."""

    @property
    def account_url(self) -> str:
        """Return the page on which a person sees sessions and changes the password."""
        return f"{self.issuer}/account/"

    @property
    def factors_url(self) -> str:
        """Return the page of a person's second factors."""
        return f"{self.issuer}/account/factors/"

    def link(self, purpose: Purpose, token: str) -> str:
        """Return the address of a link that lets somebody do one thing, once."""
        return self.issuer + path(purpose, token)


class Link(NamedTuple):
    """A link, with the words that lead there."""

    words: str
    url: str


class Content(NamedTuple):
    """What a mail says: paragraphs, facts with their names, links, and what to do in doubt."""

    subject: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, Value], ...] = ()
    link: Link | None = None
    advice: str = ""
    more_links: tuple[Link, ...] = ()

    @property
    def links(self) -> tuple[Link, ...]:
        """Return all links."""
        return ((self.link,) if self.link else ()) + self.more_links


def about(values: Values, site: Site) -> tuple[tuple[str, Value], ...]:
    """Return what every mail about an account says of it."""
    return (
        (Message("User name"), values["username"]),
        (Message("Environment"), site.environment),
        (Message("Time"), moment(values["at"])),
    )


def moment(text: str) -> Value:
    """Return the time that a value of a mail says, as "2026-11-23 21:46 UTC"; else the text."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M UTC").replace(tzinfo=UTC)
    except ValueError:
        return text


def was_it_you(otherwise: str) -> str:
    """Return what to do about a change that somebody else may have made."""
    return Message(
        "If it was you, there is nothing to do. If not, {otherwise}", otherwise=otherwise
    )


def sentence(words: str) -> str:
    """Return who did something, as the first word of a sentence."""
    if words == OPERATOR.description:
        return Message("The operator")
    application = _APPLICATION.fullmatch(words)
    if application:
        return Message("The application \u201c{name}\u201d", name=application["name"])
    return words[:1].upper() + words[1:]
