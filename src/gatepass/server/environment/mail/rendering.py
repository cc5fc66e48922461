"""Makes a mail of a message: a text, and the same as HTML, with the headers it needs."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import jinja2

from gatepass.server.configuration.mail_settings import MailSettings
from gatepass.server.domain.changes.outbox.model import Message
from gatepass.server.environment.mail.content import Site
from gatepass.server.environment.mail.messages import content

_LOGO_ID = "logo@gatepass.invalid"


def _templates(*, is_html: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("gatepass.server.environment.mail", "templates"),
        autoescape=is_html,  # noqa: S701 - the other one is plain text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


_TEXT = _templates(is_html=False).get_template("mail.txt")
_HTML = _templates(is_html=True).get_template("mail.html")


def render(message: Message, site: Site, settings: MailSettings) -> EmailMessage:
    """Return the mail of a message.

    Each attempt has the same Message-ID, so that a mail that came twice can be known as one.
    """
    said = content(message.kind, message.values, site)
    mail = EmailMessage(policy=SMTP)
    subject = f"[Sandbox] {said.subject}" if site.environment == "sandbox" else said.subject
    mail["Subject"] = _one_line(subject)
    mail["From"] = Address(site.operator, addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=message.address)
    if settings.reply_to:
        mail["Reply-To"] = Address(addr_spec=settings.reply_to)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = _message_id(message, site, settings)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no vacation answers it
    mail.set_content(_TEXT.render(content=said, site=site))
    mail.add_alternative(_HTML.render(content=said, site=site, logo_id=_LOGO_ID), subtype="html")
    if site.logo:
        html = mail.get_body(("html",))
        if html is not None:  # an image of the mail itself: nothing is fetched when it is read
            html.add_related(site.logo, "image", "png", cid=f"<{_LOGO_ID}>", disposition="inline")
    return mail


def _message_id(message: Message, site: Site, settings: MailSettings) -> str:
    created = int(message.created_at.timestamp() * 1000)
    domain = settings.sender.rpartition("@")[2]
    return f"<gatepass.{site.environment}.{message.id}.{created}@{domain}>"


def _one_line(text: str) -> str:
    return " ".join(text.split())
