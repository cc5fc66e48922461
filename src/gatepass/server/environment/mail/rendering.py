"""Makes a mail of a message: a text, and the same as HTML, with the headers it needs."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import jinja2
from jinja2.runtime import Context

from gatepass.server.configuration.mail_settings import MailSettings
from gatepass.server.domain.changes.outbox.model import Message
from gatepass.server.domain.users.notices.languages.operations import LANGUAGE
from gatepass.server.environment.mail.content import Site
from gatepass.server.environment.mail.messages import content
from gatepass.translation import templates
from gatepass.translation.language import Language, language

_LOGO_ID = "logo@gatepass.invalid"


def _templates(*, is_html: bool) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("gatepass.server.environment.mail", "templates"),
        autoescape=is_html,  # noqa: S701 - the other one is plain text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.install(made, _language_of)
    return made


def _language_of(context: Context) -> Language:
    """Return the language of the mail that is written."""
    found: Language = context["language"]
    return found


_TEXT = _templates(is_html=False).get_template("mail.txt")
_HTML = _templates(is_html=True).get_template("mail.html")


def render(message: Message, site: Site, settings: MailSettings) -> EmailMessage:
    """Return the mail of a message.

    Each attempt has the same Message-ID, so that a mail that came twice can be known as one.
    """
    said = content(message.kind, message.values, site)
    code = message.values.get(LANGUAGE, "")
    reads = language(code if code in site.languages else site.languages[0])
    mail = EmailMessage(policy=SMTP)
    subject = reads.translate(said.subject)
    subject = f"[Sandbox] {subject}" if site.environment == "sandbox" else subject
    mail["Subject"] = _one_line(subject)
    mail["From"] = Address(site.operator, addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=message.address)
    if settings.reply_to:
        mail["Reply-To"] = Address(addr_spec=settings.reply_to)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = _message_id(message, site, settings)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no vacation answers it
    mail.set_content(_TEXT.render(content=said, site=site, language=reads))
    html_text = _HTML.render(content=said, site=site, language=reads, logo_id=_LOGO_ID)
    mail.add_alternative(html_text, subtype="html")
    if site.logo:
        html = mail.get_body(("html",))
        if html is not None:  # an image of the mail itself: nothing is fetched when it is read
            html.add_related(site.logo, "image", "png", cid=f"<{_LOGO_ID}>", disposition="inline")
    mail["Content-Language"] = reads.code  # after the content, which removes it
    return mail


def _message_id(message: Message, site: Site, settings: MailSettings) -> str:
    created = int(message.created_at.timestamp() * 1000)
    domain = settings.sender.rpartition("@")[2]
    return f"<gatepass.{site.environment}.{message.id}.{created}@{domain}>"


def _one_line(text: str) -> str:
    return " ".join(text.split())
