"""Entries are forwarded to real receivers: in order, none left out, also when one was away."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gatepass.server.configuration.security.audit_settings import AuditSettings, parse
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Entry
from gatepass.server.environment.environment import Environment
from gatepass.server.observability.audit_forwarding.follower import AuditForwarder, of_environment
from gatepass.server.observability.audit_forwarding.syslog import SyslogConnection, message
from server.fixtures import InProcessServer

Make = Callable[..., AuditForwarder]
HOSTILE = 'a"] [x@1 y="z\\\r\n<1>1 \N{SNOWMAN}'


@pytest.fixture
def environment(fresh_server: InProcessServer) -> Environment:
    return fresh_server.environment()


@pytest.fixture
def forwarder(environment: Environment) -> Iterator[Make]:
    """Makes what forwards what is written from now on."""
    made: list[AuditForwarder] = []

    def make(address: str = "") -> AuditForwarder:
        settings = AuditSettings(forward="syslog" if address else "log", syslog_address=address)
        made.append(of_environment(settings, environment.context))
        assert made[-1].forward() == 0
        return made[-1]

    yield make
    for each in made:
        each.close()


def write(environment: Environment, number: int = 3) -> list[int]:
    with environment.database.write() as connection:
        before = audit.newest(connection)
        for each in range(number):
            now = environment.now()
            audit.record(connection, Entry(now, None, "anna", "a.b", f"who {each}"))
        return [number for number, _ in audit.after(connection, before, number)]


def numbers(text: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb' number="([0-9]+)"', text)]


@pytest.fixture
def tcp() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


def address(listening: socket.socket) -> str:
    return f"tcp://127.0.0.1:{listening.getsockname()[1]}"


def test_entries_are_sent_over_tcp_with_their_length(
    environment: Environment, forwarder: Make, tcp: socket.socket
) -> None:
    forwards = forwarder(address(tcp))
    written = write(environment)

    assert forwards.forward() == 3
    assert forwards.forward() == 0  # nothing new

    receiver, _ = tcp.accept()
    with closing(receiver):
        received = receiver.recv(65536)
    for number in written:
        length, _, rest = received.partition(b" ")
        text, received = rest[: int(length)], rest[int(length) :]
        assert text.startswith(b"<110>1 ")
        assert numbers(text) == [number]
        assert re.search(rb' link="[0-9a-f]{64}"', text)
    assert received == b""


def test_what_a_receiver_misses_is_sent_when_it_is_back(
    environment: Environment, forwarder: Make, tcp: socket.socket
) -> None:
    forwards = forwarder(address(tcp))
    forwards_to = tcp.getsockname()
    tcp.close()
    written = write(environment)
    with pytest.raises(OSError, match="refused"):
        forwards.forward()

    with closing(socket.create_server(forwards_to)) as back:
        assert forwards.forward() == 3
        receiver, _ = back.accept()
        with closing(receiver):
            assert numbers(receiver.recv(65536)) == written


def test_a_connection_that_ended_while_it_was_idle_is_opened_again(
    environment: Environment, forwarder: Make, tcp: socket.socket
) -> None:
    forwards = forwarder(address(tcp))
    write(environment, 1)
    forwards.forward()
    first, _ = tcp.accept()
    first.recv(65536)
    first.close()
    written = write(environment)

    assert forwards.forward() == 3

    second, _ = tcp.accept()
    with closing(second):
        assert numbers(second.recv(65536)) == written


def test_what_was_sent_over_a_connection_that_then_ended_may_not_have_arrived(
    tcp: socket.socket,
) -> None:
    connection = SyslogConnection(parse(address(tcp)))
    connection.send(b"first")
    connection.check()
    receiver, _ = tcp.accept()
    receiver.recv(65536)
    receiver.close()
    connection.send(b"second")

    with pytest.raises(OSError, match=r"ended|reset"):
        connection.check()
    connection.send(b"second")  # over a new connection
    again, _ = tcp.accept()
    with closing(again):
        assert again.recv(65536) == b"6 second"
    connection.close()


@pytest.mark.parametrize("kind", ["udp", "unix"])
def test_entries_are_sent_as_datagrams(
    environment: Environment, forwarder: Make, kind: str, tmp_path: Path
) -> None:
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as receiver:
        receiver.settimeout(5)
        receiver.bind(str(tmp_path / "log") if kind == "unix" else ("127.0.0.1", 0))
        place = receiver.getsockname()
        forwards = forwarder(place if kind == "unix" else f"udp://127.0.0.1:{place[1]}")
        written = write(environment)

        assert forwards.forward() == 3
        assert [numbers(receiver.recv(65536)) for _ in written] == [[each] for each in written]


def test_entries_are_written_to_the_log(
    environment: Environment, forwarder: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    forwards = forwarder()
    written = write(environment)
    capsys.readouterr()

    forwards.forward()

    lines = [line for line in capsys.readouterr().out.splitlines() if "audit.entry" in line]
    assert [re.findall(r"who (\d)", line) for line in lines] == [["0"], ["1"], ["2"]]
    assert len(lines) == len(written)


def test_two_processes_do_not_forward_the_same(
    environment: Environment, forwarder: Make, tcp: socket.socket
) -> None:
    one, other = forwarder(address(tcp)), forwarder(address(tcp))
    write(environment)

    assert (other.forward(), one.forward(), other.forward()) == (0, 3, 0)


def test_its_thread_forwards_what_is_written(
    environment: Environment, forwarder: Make, tcp: socket.socket
) -> None:
    forwards = forwarder(address(tcp))
    forwards.start()
    try:
        written = write(environment)
        receiver, _ = tcp.accept()
        with closing(receiver):
            receiver.settimeout(10)
            received = b""
            while len(numbers(received)) < len(written):
                received += receiver.recv(65536)
    finally:
        forwards.stop()
        forwards.wait()
    assert numbers(received) == written


def test_what_strangers_wrote_cannot_add_a_message_or_a_parameter(
    environment: Environment,
) -> None:
    entry = Entry(
        environment.now(), None, HOSTILE, HOSTILE, HOSTILE, "refused", HOSTILE, {HOSTILE: HOSTILE}
    )

    text = message(7, entry, "production", "00", "a b\n").decode()

    assert text.startswith("<108>1 ")
    assert text.splitlines() == [text]
    [content] = re.findall(r'\[gatepass@32473((?: [!-~]+?="(?:[^"\\\]]|\\.)*")+)\] ', text)
    assert len(re.findall(r'="', content.replace('\\"', ""))) == 10
    assert text.count("[") == content.count("[") + 1 + text.rpartition("] ")[2].count("[")


def test_a_message_that_would_be_too_long_has_no_details(environment: Environment) -> None:
    detail = {f"name{number}": "\N{SNOWMAN}" * 5000 for number in range(10)}
    entry = Entry(environment.now(), None, "anna", "a.b", "s" * 5000, detail=detail)

    text = message(7, entry, "production", "00", "host")

    assert len(text) < 8192
    assert b'cut="detail"' in text
    assert b'number="7"' in text


@pytest.mark.parametrize(
    "text",
    [
        "tcp://",
        "tcp://a",
        "http://a:1",
        "udp://a:0x",
        "udp://a:99999",
        "a:514",
        "tcp://u@a:1",
        "tcp://a:1/b",
    ],
)
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="udp://HOST:PORT"):
        AuditSettings(forward="syslog", syslog_address=text)


def test_syslog_needs_an_address() -> None:
    with pytest.raises(ValueError, match="syslog_address must be"):
        AuditSettings(forward="syslog")
