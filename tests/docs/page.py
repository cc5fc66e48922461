"""A page of docs/tasks, taken apart and played like a reader would: files, programs, commands.

- A Python block whose first line is `# NAME.py` is written to that file, for later blocks.
- Any other Python block is run, at the top level of which `await` may stand, as in a notebook.
- A console block is run line by line that begins with `$`; what stands below a command is what
  it prints, in which `...` stands for anything. It fails where it prints a line `Error: ...`
  and nowhere else. Its variables last until the end of the page.
- A command that serves (see SERVING) runs until the end of the page.
"""

import ast
import asyncio
import inspect
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

ROOT = Path(__file__).parents[2]
TASKS = ROOT / "docs" / "tasks"
SERVING = ("gunicorn ", "uvicorn ", "celery ", "gatepass serve", "prometheus ")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATIENCE = 60.0  # seconds until a server is there


class Block(NamedTuple):
    """A fenced block: where its text begins, its language and its text."""

    line: int
    language: str
    text: str

    @property
    def file(self) -> str:
        """The name of the file that it is, empty where it is none."""
        named = re.match(r"# (\w+\.py)\n", self.text)
        return named[1] if named and self.language == "python" else ""


class Command(NamedTuple):
    """A command of a console block, and what it prints (None where nothing is shown)."""

    text: str
    shown: str | None


def blocks(name: str, folder: Path = TASKS) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = (folder / name).read_text()
    return [
        Block(text.count("\n", 0, found.start()) + 2, found[1], found[2])
        for found in _FENCE.finditer(text)
    ]


def commands(text: str) -> list[Command]:
    """Take a console block apart."""
    given: list[Command] = []
    for piece in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = piece.splitlines()
        end = next(n for n, line in enumerate(lines) if not line.endswith("\\"))
        shown = lines[end + 1 :]
        given.append(Command("\n".join(lines[: end + 1]), "\n".join(shown) if shown else None))
    return given


def looks_like(shown: str, printed: str) -> bool:
    """Return whether what was printed is what is shown, where `...` stands for anything."""
    pattern = ".*".join(re.escape(piece) for piece in re.split(r"\.\.\.|\u2026", shown))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


class Reader:
    """Plays blocks in a folder, with what stands in the place of the page's names and settings."""

    def __init__(
        self, folder: Path, instead: Mapping[str, str], environ: Mapping[str, str], typed: str = ""
    ) -> None:
        self.folder = folder
        self.instead = instead
        self.typed = typed  # what the reader types when he is asked
        self.printed = ""  # by the latest command
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environ = dict(environ) | {
            "PATH": path,
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PYTHONPATH": str(folder),
        }
        self._serving: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._serving:
            # Nothing of theirs is worth keeping, and Celery may wait a minute for its children.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(_PATIENCE)

    def play(self, block: Block) -> None:
        """Do what the block says; an AssertionError tells what came instead."""
        text = self.put(block.text)
        if block.file:
            (self.folder / block.file).write_text(text)
        elif block.language == "python":
            self.run(text, block.line)
        else:
            for command in commands(text):
                self.type(command, block.line)

    def put(self, text: str) -> str:
        """Return a text with what stands in the place of the page's names."""
        # in one pass, as a port that is put in may contain a name that is put in later
        names = "|".join(map(re.escape, sorted(self.instead, key=len, reverse=True)))
        return re.sub(names, lambda found: self.instead[found[0]], text) if names else text

    def has_use_of(self, file: str) -> bool:
        """Return whether a package that was there before imports a file of the page."""
        used = re.compile(rf"^from {file[:-3]} import", re.MULTILINE)
        return any(used.search(each.read_text()) for each in self.folder.glob("*/*.py"))

    def run(self, text: str, line: int) -> None:
        """Run a program in this process; what it imports from the folder is forgotten after."""
        code = compile(text, f"line {line}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        known = set(sys.modules)
        with _changed(self.environ, self.folder):
            names: dict[str, object] = {"__name__": "__main__"}
            result = eval(code, names)
            if inspect.iscoroutine(result):
                asyncio.run(result)
        for name in set(sys.modules) - known:
            if (self.folder / f"{name}.py").exists():
                del sys.modules[name]

    def type(self, command: Command, line: int) -> None:
        """Type a command."""
        if command.text.startswith(SERVING):
            self._serve(command.text)
            return
        state, script = self.folder / ".variables", self.folder / ".command"
        # All variables but those that are bash's own, exported or not, as they were left.
        keep = f"declare -p | grep -Ev '^declare -[a-zA-Z]*[aAr]' >{state}"
        before = f"unset $(compgen -e); . {state}\n" if state.exists() else ""
        script.write_text(f"{before}{command.text}\ncode=$?; {keep}; exit $code\n")
        ran = subprocess.run(
            ["bash", script],
            cwd=self.folder,
            env=self.environ,
            input=f"{self.typed}\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        self.printed = ran.stdout
        where = f"line {line}: $ {command.text}\n{ran.stdout}"
        fails = command.shown is not None and re.search(r"^Error: ", command.shown, re.MULTILINE)
        assert bool(ran.returncode) == bool(fails), where
        if command.shown is not None:
            assert looks_like(command.shown, ran.stdout), f"{where}\ninstead of\n{command.shown}"

    def _serve(self, command: str) -> None:
        log = self.folder / f"serving-{len(self._serving)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                shlex.split(command),
                cwd=self.folder,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._serving.append(process)
        deadline = time.monotonic() + _PATIENCE
        ready = re.compile(rb"Booting worker|startup complete| ready\.|Server is ready")
        while not ready.search(log.read_bytes()):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command} does not serve:\n{log.read_text()}")
            time.sleep(0.02)


class _changed:  # noqa: N801 - used like a function
    """The environment and working directory of this process, within a with statement."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._environ, self._folder = environ, folder

    def __enter__(self) -> None:
        self._before = dict(os.environ), Path.cwd(), list(sys.path)
        os.environ.clear()
        os.environ.update(self._environ)
        os.chdir(self._folder)
        sys.path.insert(0, str(self._folder))

    def __exit__(self, *_: object) -> None:
        environ, folder, path = self._before
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(folder)
        sys.path[:] = path


def play(name: str, reader: Reader, left_out: Mapping[str, str]) -> Iterator[Block]:
    """Play the page and give each block after it was played.

    `left_out` has the languages of blocks that are not, each with the reason. Fails where a file
    that was written is not used by anything that follows.
    """
    unused: set[str] = set()
    for block in blocks(name):
        if block.language in left_out:
            continue
        assert block.language in {"python", "console"}, (name, block.line, block.language)
        try:
            reader.play(block)
        except Exception as error:
            error.add_note(f"in docs/tasks/{name}, at line {block.line}")
            raise
        unused = {each for each in unused if not re.search(rf"\b{each[:-3]}\b", block.text)}
        if block.file and not reader.has_use_of(block.file):
            unused.add(block.file)
        yield block
    assert not unused
