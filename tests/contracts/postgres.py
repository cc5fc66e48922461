"""A PostgreSQL of the tests' own: found on this machine, run on a socket, gone afterwards."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "PostgreSQL is not installed (Debian: apt-get install postgresql)"


def find_binaries() -> Path | None:
    """Return the folder with initdb and postgres: from pg_config, Debian's places, or PATH."""
    places = [Path(found).parent for found in [shutil.which("postgres")] if found]
    pg_config = shutil.which("pg_config")
    if pg_config:
        told = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        places.insert(0, Path(told.stdout.strip()))
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    programs = ("initdb", "pg_ctl", "postgres")
    return next((each for each in places if all((each / name).exists() for name in programs)), None)


@contextmanager
def running(binaries: Path, password: str = "", options: str = "") -> Iterator[str]:
    """Run a fresh cluster; give the start of its addresses, to which a database's name is added.

    With a password it asks for it (SCRAM), which the addresses do not have. `options` are of
    the server's command line.

    Not under pytest's own folder: PostgreSQL refuses to run as root, and the user it runs as
    then could not get there.
    """
    folder = Path(tempfile.mkdtemp(prefix="gatepass-postgres-"))
    user = unprivileged()
    if user:
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        how = ["-A", "trust"]
        if password:
            secret = folder / "secret"
            secret.write_text(password)
            if user:
                os.chown(secret, user.pw_uid, user.pw_gid)
            how = ["-A", "scram-sha-256", "--pwfile", str(secret)]
        _run(
            binaries,
            folder,
            "initdb",
            "-U",
            "gatepass",
            *how,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        )
        start(binaries, folder, options)
        try:
            yield f"postgresql+psycopg://gatepass@/{{name}}?host={folder}"
        finally:
            crash(binaries, folder)
    finally:
        shutil.rmtree(folder)


def start(binaries: Path, folder: Path, options: str = "") -> None:
    """Start the cluster in a folder."""
    options = f"-F -k {folder} -c listen_addresses='' -c max_connections=50 {options}"
    _run(binaries, folder, "pg_ctl", "-w", "-s", "-l", str(folder / "log"), "-o", options, "start")


def crash(binaries: Path, folder: Path) -> None:
    """Stop it as a crash does: what it has not written is lost."""
    _run(binaries, folder, "pg_ctl", "-w", "-s", "-m", "immediate", "stop")


def _run(binaries: Path, folder: Path, program: str, *arguments: str) -> None:
    user = unprivileged()
    subprocess.run(
        [str(binaries / program), "-D", str(folder / "data"), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def unprivileged() -> pwd.struct_passwd | None:
    """Return whom to run as, None for ourselves."""
    if os.getuid():
        return None
    names = {each.pw_name: each for each in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]
