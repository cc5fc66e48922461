"""Entries as syslog messages (RFC 5424), and the connection that they are sent over.

Over TCP each message has its length before it (RFC 6587 §3.4.1).
"""

import os
import socket
from contextlib import suppress
from datetime import datetime

from gatepass.server.configuration.security.audit_settings import SyslogAddress
from gatepass.server.domain.audit.model import Entry

_FACILITY = 13  # log audit (RFC 5424 §6.2.1)
_INFORMATIONAL, _WARNING = 6, 4
_SD_ID = "gatepass@32473"  # the enterprise number for examples (RFC 5612): there is none of ours
_LONGEST_VALUE = 1024  # characters
_LONGEST = 8192  # octets, which receivers may cut (RFC 5424 §6.1) and every datagram can have
_TIMEOUT = 5.0  # seconds
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "]": r"\]"})


def message(number: int, entry: Entry, environment: str, digest: str, host: str) -> bytes:
    """Return an entry as a message; details are left out where it would be too long."""
    values = {
        "environment": environment,
        "number": str(number),
        "organization": str(entry.org_id) if entry.org_id else "",
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "result": entry.result,
        "from": entry.source,
        "link": digest,
    }
    detail = {f"detail.{name}"[:32]: text for name, text in entry.detail.items()}
    whole = _message(entry, values | detail, host)
    return whole if len(whole) <= _LONGEST else _message(entry, values | {"cut": "detail"}, host)


def _message(entry: Entry, values: dict[str, str], host: str) -> bytes:
    severity = _INFORMATIONAL if entry.result == "ok" else _WARNING
    parameters = " ".join(f'{_name(name)}="{_value(text)}"' for name, text in values.items())
    header = f"<{_FACILITY * 8 + severity}>1 {_time(entry.at)} {_printable(host, 255)} gatepass"
    text = f"{header} {os.getpid()} audit [{_SD_ID} {parameters}] {_printable(entry.action, 200)}"
    return text.encode("utf-8", "replace")


def _time(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _name(text: str) -> str:
    """Return an SD-NAME: printable ASCII without what delimits it (RFC 5424 §6.3.2)."""
    return "".join(each if "!" <= each <= "~" and each not in '="]' else "_" for each in text)


def _value(text: str) -> str:
    """Return a PARAM-VALUE, without line ends, which some receivers take for the end."""
    shown = "".join(each if each.isprintable() else " " for each in text[:_LONGEST_VALUE])
    return shown.translate(_ESCAPED)


def _printable(text: str, longest: int) -> str:
    return "".join(each for each in text if "!" <= each <= "~")[:longest] or "-"


class SyslogConnection:
    """A connection to a syslog server, opened by the first message, closed by a failure."""

    def __init__(self, address: SyslogAddress) -> None:
        self._address = address
        self._socket: socket.socket | None = None

    def send(self, text: bytes) -> None:
        """Send a message; raise OSError where that fails."""
        try:
            opened = self._socket = self._socket or self._connect()
            is_stream = self._address.transport == "tcp"
            opened.sendall(b"%d %s" % (len(text), text) if is_stream else text)
        except OSError:
            self.close()
            raise

    def check(self) -> None:
        """Raise OSError where the server has ended the connection.

        It may then not have read what was sent last.
        """
        if self._socket is None or self._address.transport != "tcp":
            return
        self._socket.setblocking(False)
        try:
            if self._socket.recv(1024) == b"":
                raise ConnectionResetError("the server has ended the connection")
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            raise
        finally:
            if self._socket is not None:
                self._socket.settimeout(_TIMEOUT)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _connect(self) -> socket.socket:
        transport, host, port, path = self._address
        if transport == "tcp":
            return socket.create_connection((host, port), _TIMEOUT)
        if transport == "unix":
            opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            place: tuple[object, ...] | str = path
        else:
            family, kind, protocol, _, place = socket.getaddrinfo(
                host, port, type=socket.SOCK_DGRAM
            )[0]
            opened = socket.socket(family, kind, protocol)
        opened.settimeout(_TIMEOUT)
        try:
            opened.connect(place)
        except OSError:
            opened.close()
            raise
        return opened
