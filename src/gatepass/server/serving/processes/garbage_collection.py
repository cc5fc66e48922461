"""The memory of a process once it has started."""

import ctypes
import gc
from contextlib import suppress

_COLLECT_AFTER = 10_000  # objects: requests leave next to no cycles, and looking for them costs


def tune_garbage_collection() -> None:
    """Exclude objects of the start from collections; return freed memory to the system (glibc)."""
    gc.collect()
    gc.freeze()  # what exists now stays: no collection needs to visit it
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
