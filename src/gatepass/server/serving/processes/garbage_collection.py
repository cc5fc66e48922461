"""The memory of a process once it has started."""

import ctypes
import gc
from contextlib import suppress

_COLLECT_AFTER = 10_000  # objects: requests leave next to no cycles, and looking for them costs


def settle_memory() -> None:
    """Keep what the start has made out of collections; return what it has freed (glibc)."""
    gc.collect()
    gc.freeze()  # what stands now stays: no collection needs to look at it again
    gc.set_threshold(_COLLECT_AFTER, 20, 20)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
