"""Opaque tokens by secret, of this checkout and of a commit, in one interleaved run.

    python -m bench.server.against_commit 17cce1a

The commit is checked out into a temporary folder and set up there by its own lock (`make setup`).
Both servers have one worker, and take turns under the same load. `bench.baseline` compares all
other figures with a checkout that is there already.
"""

import subprocess
import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.baseline import CONNECTIONS, LEAST, copies, served_by, turn_of
from bench.load import in_turns
from bench.processes import ROOT, environment
from bench.report import Part, Row, print_part
from bench.server import gatepass_server

ROUNDS = 25
BEFORE, NOW = "token, the commit", "token, this checkout"


def measure(commit: str) -> Part:
    """Measure how many tokens a worker makes, and their processor time."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        other = stack.enter_context(checkout(commit, Path(folder, "checkout")))
        data, python = Path(folder, "data"), str(other / ".venv/bin/python")
        known = gatepass_server.create(data, python)  # by the other one: it may not know our tables
        turns = []
        for name, code in ((BEFORE, other), (NOW, ROOT)):
            copy = next(copies(Path(folder), name, data))
            server = served_by(stack, code, copy, {})
            turns.append(turn_of(gatepass_server.issuing(name, server, known)))
        series = in_turns(turns, ROUNDS, CONNECTIONS)
    by_rate, by_cpu = series[NOW].ratio(series[BEFORE])
    measured = f"{by_cpu:.2f} by CPU time, {by_rate:.2f} by rate"
    figure = f"opaque token by secret, of commit {commit}"
    row = Row(figure, measured, f">= {LEAST:.2f}", by_cpu >= LEAST)
    return Part("Tokens, against a commit", {CONNECTIONS: series}, (row,))


@contextmanager
def checkout(commit: str, folder: Path) -> Iterator[Path]:
    """Check a commit out, with an environment of its own, until the end of the block."""
    git = ("git", "-C", str(ROOT), "worktree")
    subprocess.run([*git, "add", "--detach", str(folder), commit], check=True, capture_output=True)
    try:
        setup, quiet = ["make", "setup"], subprocess.DEVNULL
        subprocess.run(setup, cwd=folder, env=environment(), check=True, stdout=quiet)
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return the exit status, 1 where this checkout is slower."""
    if len(arguments) != 1:
        print("usage: python -m bench.server.against_commit COMMIT", file=sys.stderr)
        return 2
    part = measure(arguments[0])
    print_part(part)
    return int(not part.rows[0].reached)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
