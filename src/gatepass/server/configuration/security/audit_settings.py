"""The settings of the audit trail."""

from typing import Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import model_validator

from gatepass.server.configuration.section import Section

_WANTED = "must be udp://HOST:PORT, tcp://HOST:PORT or the path of a socket, as /dev/log"


class SyslogAddress(NamedTuple):
    """Where a syslog server listens: `path` of a socket, or host and port."""

    transport: Literal["udp", "tcp", "unix"]
    host: str = ""
    port: int = 0
    path: str = ""


class AuditSettings(Section):
    """Where entries of the audit trail are sent, beside the database."""

    forward: Literal["off", "log", "syslog"] = "off"
    """Whether each entry is also written to the log, as the event `audit.entry`, or sent to a
    syslog server (RFC 5424), after it was committed."""
    syslog_address: str = ""
    """The syslog server: udp://HOST:PORT, tcp://HOST:PORT, or the path of a socket, as /dev/log.
    UDP does not say whether a message arrived."""

    @model_validator(mode="after")
    def _syslog_has_an_address(self) -> Self:
        if self.syslog_address:
            parse(self.syslog_address)
        elif self.forward == "syslog":
            raise ValueError(f"syslog_address {_WANTED}")
        return self


def parse(text: str) -> SyslogAddress:
    """Return the address of a syslog server; raise ValueError, which says what to write."""
    if text.startswith("/"):
        return SyslogAddress("unix", path=text)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    is_bare = host and text == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    if not (is_bare and host and port) or parts.scheme not in {"udp", "tcp"}:
        raise ValueError(f"syslog_address {_WANTED}, not {text!r}")
    return SyslogAddress("tcp" if parts.scheme == "tcp" else "udp", host, port)
