"""A DNS server on loopback with TXT records."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@contextmanager
def serving(records: Mapping[str, str]) -> Iterator[str]:
    """Answer questions for TXT records until the end of the block; give the address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(listening, records), daemon=True)
        thread.start()
        address, port = listening.getsockname()
        yield f"{address}:{port}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (address, port))
        thread.join()


def _serve(listening: socket.socket, records: Mapping[str, str]) -> None:
    while True:
        wire, sender = listening.recvfrom(4096)
        if not wire:
            return
        query = dns.message.from_wire(wire)
        answer = dns.message.make_response(query)
        name = query.question[0].name.to_text().rstrip(".")
        if name in records and query.question[0].rdtype == dns.rdatatype.TXT:
            text = f'"{records[name]}"'
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", text))
        elif name not in records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        listening.sendto(answer.to_wire(), sender)
