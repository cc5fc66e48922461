"""A PostgreSQL of the tests' own that offers TLS on loopback, with an authority of its own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.tls_server import Issued, issue
from contracts import postgres
from server_process import free_ports


class Cluster(NamedTuple):
    address: str  # on its socket, with `{name}` for the database
    port: int  # on 127.0.0.1
    authority: Path  # which signed its certificate
    other_authority: Path


@contextmanager
def running(binaries: Path, *hosts: str, password: str = "") -> Iterator[Cluster]:
    """Run a cluster whose certificate is for these hosts; with a password it asks for it."""
    with tempfile.TemporaryDirectory(prefix="gatepass-tls-") as name:
        folder = Path(name)
        _write_certificates(folder, hosts)
        port = free_ports()
        options = (
            f"-c ssl=on -c ssl_cert_file={folder}/server.pem -c ssl_key_file={folder}/server.key "
            f"-c listen_addresses=127.0.0.1 -c port={port}"
        )
        with postgres.running(binaries, password, options) as address:
            yield Cluster(f"{address}&port={port}", port, folder / "ca.pem", folder / "other.pem")


def _write_certificates(folder: Path, hosts: tuple[str, ...]) -> None:
    """Write what the server, which runs as another user, and its clients read."""
    authority = issue("Authority")
    issued: Issued = issue("database", authority, *hosts)
    for name, pem in (
        ("ca.pem", authority.pem),
        ("other.pem", issue("Another").pem),
        ("server.pem", issued.pem),
    ):
        (folder / name).write_bytes(pem)
        (folder / name).chmod(0o644)
    folder.chmod(0o755)
    key = folder / "server.key"
    key.write_bytes(issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)
    user = postgres.unprivileged()
    if user:
        os.chown(key, user.pw_uid, user.pw_gid)
