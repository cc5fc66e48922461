"""Secrets that a program prints."""

import sys
from pathlib import Path

import pytest

from client.secrets.fake_server import SECRET, refusal
from gatepass.client.errors import ConfigurationError, SecretUnavailable
from gatepass.client.secrets.command import FromCommand


def python(program: str, timeout: float = 30.0) -> FromCommand:
    return FromCommand([sys.executable, "-IS", "-c", program], timeout)


@pytest.mark.parametrize("ending", ["", "\\n", "\\r\\n"])
def test_a_program_gives_what_it_prints_without_the_line_break(ending: str) -> None:
    assert python(f"print({SECRET!r}, end='{ending}')")() == SECRET


def test_there_is_no_shell_and_no_input() -> None:
    source = FromCommand(
        [sys.executable, "-c", "import sys; print(sys.argv[1] + sys.stdin.read())", "$HOME; x"]
    )

    assert source() == "$HOME; x"


def test_what_a_failing_program_prints_is_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    source = python(
        f"import sys; print({SECRET!r}); print({SECRET!r}, file=sys.stderr); sys.exit(3)"
    )

    assert "status 3" in refusal(source)
    assert capfd.readouterr() == ("", "")


def test_a_program_ended_by_a_signal_is_refused() -> None:
    assert "status -9" in refusal(python("import os; os.kill(os.getpid(), 9)"))


@pytest.mark.parametrize(
    "program",
    [
        f"import time; print({SECRET!r}, flush=True); time.sleep(600)",
        f"import os, time; print({SECRET!r}, flush=True); os.close(1); time.sleep(600)",
    ],
    ids=["prints on", "closes its output"],
)
def test_a_program_that_hangs_is_ended(program: str) -> None:
    message = refusal(python(program, timeout=0.5), kind=SecretUnavailable)

    assert "did not end within 0.5 seconds" in message


def test_a_program_that_prints_a_megabyte_is_refused() -> None:
    assert "too much" in refusal(python(f"print({SECRET!r} * 100_000)"))


def test_a_program_that_prints_without_end_is_ended() -> None:
    assert "too much" in refusal(python(f"while True: print({SECRET!r})"))


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("", "empty"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "not text"),
        (f"print({SECRET!r}); print('more')", "line break"),
    ],
    ids=["nothing", "binary", "lines"],
)
def test_output_that_is_no_secret_is_refused(program: str, why: str) -> None:
    assert why in refusal(python(program))


def test_a_program_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")

    assert "the command no-such-program cannot be run" in refusal(FromCommand(["no-such-program"]))
    assert "Permission denied" in refusal(FromCommand([str(tmp_path / "text")]))
    assert "malformed" in refusal(FromCommand(["echo", f"{SECRET}\0"]))


@pytest.mark.parametrize("argv", ["op read x", [], ()])
def test_what_is_no_list_of_arguments_is_refused(argv: str) -> None:
    with pytest.raises(ConfigurationError, match="not a list"):
        FromCommand(argv)


def test_a_command_is_a_value_whose_repr_leaves_the_arguments_out() -> None:
    one, other = FromCommand(["curl", "-H", SECRET]), FromCommand(("curl", "-H", SECRET))

    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == "FromCommand(['curl', and 2 more], timeout=30.0)"
    assert repr(FromCommand(["pass"])) == "FromCommand(['pass'], timeout=30.0)"
