"""The settings of mail, and what partners are told about the operator."""

import re
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from gatepass.server.configuration.section import Section

Security = Literal["starttls", "tls", "none"]

_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9.-]+", re.IGNORECASE)
_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}


def _checked(address: str) -> str:
    if address and not _ADDRESS.fullmatch(address):
        raise ValueError("must be an email address, as partners@example.com")
    return address


class OperatorSettings(Section):
    """The company that runs this server, as its mail names it."""

    name: str = "Gatepass"
    """The name of the API's operator, as partners know it: the sender and the signature of mail."""
    address: str = ""
    """The operator's postal address, which mail ends with; it may have several lines."""
    support: str = ""
    """Where partners get help: an email address or a URL, which mail names."""
    alerts: str = ""
    """The email address that gets mail when a client secret or an access token has leaked. Empty:
    the log says it alone."""

    @field_validator("alerts")
    @classmethod
    def _alerts_is_an_address(cls, address: str) -> str:
        return _checked(address)

    @field_validator("name")
    @classmethod
    def _name_is_one_line(cls, name: str) -> str:
        if not name.strip() or not name.isprintable():
            raise ValueError("must be one line of text")
        return name.strip()


class MailSettings(Section):
    """The SMTP server through which mail is sent. Without `host` no mail is sent."""

    host: str = ""
    """The SMTP server. Empty: no mail is sent, and everything works by hand."""
    port: int = Field(0, ge=0, le=65535)
    """Its port; 0: 587, with `security = "tls"` 465, with "none" 25."""
    security: Security = "starttls"
    """How the connection is protected: starttls (it must be offered), tls from the first byte, or
    none, for a server on the same machine."""
    username: str = ""
    """The user name for the SMTP server; empty: no authentication."""
    password: SecretStr = SecretStr("")
    """The password for the SMTP server; better in GATEPASS_MAIL__PASSWORD than in a file."""
    sender: str = ""
    """The address that mail comes from, as partners@example.com. Its domain should publish SPF and
    DKIM for the SMTP server."""
    reply_to: str = ""
    """The address for replies, if it is another one."""
    ca_file: str = ""
    """A file of certificate authorities (PEM) for the SMTP server; empty: those of the system."""

    @property
    def is_on(self) -> bool:
        """Return whether mail is sent."""
        return bool(self.host)

    @property
    def server(self) -> tuple[str, int]:
        """Return host and port of the SMTP server."""
        return self.host, self.port or _PORTS[self.security]

    @field_validator("sender", "reply_to")
    @classmethod
    def _addresses_are_addresses(cls, address: str) -> str:
        return _checked(address)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.host and not self.sender:
            raise ValueError("mail.sender is needed: the address that mail comes from")
        if self.username and not self.password.get_secret_value():
            raise ValueError("mail.password is needed with mail.username")
        return self
