"""The secret from a program that prints it, such as a password manager's command line."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import IO, cast

from gatepass.client.errors import ConfigurationError, SecretUnavailable, cleaned
from gatepass.client.secrets.validation import LONGEST, decoded


@dataclass(frozen=True, slots=True, repr=False)
class FromCommand:
    """Returns what the program `argv` prints, without the line break at its end.

    There is no shell: `argv` is the program and its arguments, one each. Its input is empty,
    its errors are shown nowhere, as they may repeat the secret. It is ended after `timeout`
    seconds; programs that it started itself are not. The `repr` leaves the arguments out.
    """

    argv: Sequence[str]
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if isinstance(self.argv, str) or not self.argv:
            raise ConfigurationError(
                "the command is not a list: give the program and its arguments, one each"
            )
        object.__setattr__(self, "argv", tuple(self.argv))

    def __repr__(self) -> str:
        more = f", and {len(self.argv) - 1} more" if len(self.argv) > 1 else ""
        return f"FromCommand([{cleaned(self.argv[0])!r}{more}], timeout={self.timeout})"

    def __call__(self) -> str:
        """Run the program and wait; raise ConfigurationError where it gives no secret."""
        name = cleaned(os.path.basename(self.argv[0]))  # noqa: PTH119 - Path("") is "."
        try:
            running = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                self.argv,
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
            why = getattr(error, "strerror", None) or "malformed"
            raise ConfigurationError(
                f"the command {name} cannot be run ({why}): check that it is installed"
            ) from None
        content = _output(running, self.timeout, name)
        if running.returncode:
            raise ConfigurationError(
                f"the command {name} ended with status {running.returncode}: "
                "run it by hand to see why"
            )
        return decoded(content, f"the output of the command {name}")


def _output(running: subprocess.Popen[bytes], timeout: float, name: str) -> bytes:
    """Return what the program prints, cut after more than a secret's length, once it has ended."""
    until = monotonic() + timeout
    chunks: list[bytes] = []
    # In a thread, as a read of a pipe cannot be ended in time on every system.
    pipe = cast("IO[bytes]", running.stdout)
    reader = Thread(target=_read, args=(pipe, chunks), daemon=True)
    try:
        reader.start()
        reader.join(timeout)
        ended = not reader.is_alive()
        content = b"".join(chunks)
        if ended and len(content) <= LONGEST:
            running.wait(max(0.0, until - monotonic()))
    except subprocess.TimeoutExpired:
        ended = False
    finally:
        running.kill()  # does nothing where it has ended
        running.wait()
    if len(content) > LONGEST:
        raise ConfigurationError(f"the command {name} prints too much for a secret: check it")
    if not ended:
        raise SecretUnavailable(
            f"the command {name} did not end within {timeout:g} seconds: run it by hand to see why"
        )
    return content


def _read(pipe: IO[bytes], chunks: list[bytes]) -> None:
    with pipe:
        size = 0
        while size <= LONGEST and (chunk := pipe.read(LONGEST)):
            chunks.append(chunk)
            size += len(chunk)
