"""What mail says about credentials that expire soon, to an organization's administrators."""

import json
from typing import NamedTuple

from gatepass.server.domain.applications.keys.methods.expiry.kinds import KINDS
from gatepass.server.domain.applications.keys.methods.expiry.model import CredentialKind, in_words
from gatepass.server.environment.mail.content import Content, Link, Site, Values, moment
from gatepass.translation.message import Message, Value


class _Words(NamedTuple):
    """What a mail about one kind of credential says; `one` and `several` are its subjects."""

    one: Message
    several: Message
    outage: Message
    todo: Message


_WORDS: dict[CredentialKind, _Words] = {
    "secret": _Words(
        Message("The client secret of {application} expires soon"),
        Message("Client secrets expire soon"),
        Message("A program whose secret has expired gets no tokens."),
        Message("Rotate the secret in the portal, deploy the new one, then revoke the old one."),
    ),
    "key": _Words(
        Message("The key of {application} expires soon"),
        Message("Keys expire soon"),
        Message("A program whose key has expired gets no tokens."),
        Message(
            "Add a new key in the portal and deploy its private part, or give the key a later end."
        ),
    ),
    "certificate": _Words(
        Message("The certificate of {application} expires soon"),
        Message("Certificates expire soon"),
        Message("A program whose certificate has expired gets no tokens."),
        Message(
            "Renew the certificate. Where the portal lists it by its thumbprint, add the new one "
            "there before you deploy it."
        ),
    ),
}


def secrets_expiring(values: Values, site: Site) -> Content:
    """Say which applications have a last secret that expires soon."""
    return _expiring("secret", values, site)


def keys_expiring(values: Values, site: Site) -> Content:
    """Say which applications have a last key that expires soon."""
    return _expiring("key", values, site)


def certificates_expiring(values: Values, site: Site) -> Content:
    """Say which applications have a certificate that expires soon."""
    return _expiring("certificate", values, site)


def _expiring(kind: CredentialKind, values: Values, site: Site) -> Content:
    words, applications = _WORDS[kind], _applications(kind, values)
    one = words.one.with_values(application=applications[0][0])
    more = [Message("{more} more applications are in the portal.", more=values["more"])]
    return Content(
        words.several if len(applications) > 1 else one,
        (words.outage, *(more if values["more"] else []), words.todo),
        (*applications, (Message("Environment"), site.environment)),
        Link(Message("Look at the applications"), f"{site.issuer}/oauth2/applications/"),
    )


def _applications(kind: CredentialKind, values: Values) -> list[tuple[str, Value]]:
    """Return the applications, and what each one's credential is; in English for old mail."""
    if "details" not in values:  # a program of the version before wrote it
        return [(name, text) for name, text in json.loads(values["applications"])]
    return [(each["application"], _line(kind, each)) for each in json.loads(values["details"])]


def _line(kind: CredentialKind, said: dict[str, str]) -> Message:
    known = {
        "credential": KINDS[kind].called(said),
        "expires": in_words(int(said["days"])),
        "end": moment(said["expires_at"]),
    }
    if said["contact"]:
        return Message(
            "{credential} {expires} ({end}); contact: {contact}", contact=said["contact"], **known
        )
    return Message("{credential} {expires} ({end})", **known)
