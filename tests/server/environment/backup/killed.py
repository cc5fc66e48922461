"""Ends work by SIGKILL when it reaches a function, in a process of its own; run as a program.

    killed.py WORK MODULE.FUNCTION NTH ARGUMENT...

Ends with status 0 where the work was done without reaching that call.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from gatepass.server.configuration.settings import load
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.environment import master_key_rotation
from gatepass.server.environment.backup.copy import copy, settings_of
from gatepass.server.environment.backup.progress import unseen
from server.environment.backup.backups import KEEP, restored


def _restore(place: str, data: str) -> None:
    restored(load(data=Path(data)), place, options=KEEP)


def _copy(source: str, target: str) -> None:
    copy(settings_of(Path(source)), settings_of(Path(target)), unseen)


def _rotate(data: str) -> None:
    master_key_rotation.rotate(load(data=Path(data)), OPERATOR)


WORK: dict[str, Callable[..., None]] = {"restore": _restore, "copy": _copy, "rotate": _rotate}


def main(work: str, function: str, nth: str, *arguments: str) -> None:
    left = int(nth)

    def look(frame: FrameType, event: str, _: object) -> None:
        nonlocal left
        module = frame.f_globals.get("__name__", "")
        if event == "call" and f"{module}.{frame.f_code.co_qualname}".endswith(f".{function}"):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(look)
    WORK[work](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
