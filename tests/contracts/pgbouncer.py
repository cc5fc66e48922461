"""A PgBouncer of the tests' own, in transaction mode, before a PostgreSQL of theirs."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url

from contracts.postgres import unprivileged
from server_process import free_ports

MISSING = "PgBouncer is not installed (Debian: apt-get install pgbouncer)"
_SETTINGS = """\
[databases]
* = host={socket}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
"""


def find() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def running(
    program: str, address: str, connections: int = 10, users: Sequence[str] = ("gatepass",)
) -> Iterator[str]:
    """Run it before a cluster; give its addresses, to which a database's name is added.

    It lets these roles in, and opens so many connections for each of them to a database.
    """
    url = make_url(address.format(name="postgres"))
    where = f"{url.query['host']} port={url.query.get('port', 5432)}"
    folder = Path(tempfile.mkdtemp(prefix="gatepass-pgbouncer-"))
    user = unprivileged()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    port = free_ports()
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        _SETTINGS.format(socket=where, port=port, folder=folder, connections=connections)
    )
    (folder / "users").write_text("".join(f'"{each}" ""\n' for each in users))
    for file in (settings, folder / "users"):
        file.chmod(0o644)
    process = subprocess.Popen(
        [program, "--quiet", str(settings)],
        stderr=subprocess.DEVNULL,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    try:
        _wait_until_it_listens(process, port)
        yield f"postgresql://gatepass@127.0.0.1:{port}/{{name}}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int) -> None:
    while process.poll() is None:
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
    raise AssertionError(f"PgBouncer ended: {process.returncode}")
