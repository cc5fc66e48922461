"""A cache in memory, bounded by the number of its entries."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class BoundedCache(Generic[Key, Value]):
    """Keeps at most `size` entries; when it is full, the entry written longest ago is evicted.

    Threads may share it. `get` takes no lock: it is one look-up in a dictionary. What is kept
    must stay right for as long as it is kept, or the caller checks it after `get`.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("a cache keeps at least one entry")
        self._size = size
        # A plain dictionary skips all that were deleted to find the first: at 100,000 entries that
        # takes a hundred times as long as the rest of a write.
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()
        self.get = self._entries.get  # (key) -> the value, or None; bound once, as it is hot

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        """Return whether there is an entry for `key`."""
        return key in self._entries

    def put(self, key: Key, value: Value) -> Value:
        """Keep `value` under `key` and return it; it becomes the entry written last."""
        with self._lock:
            self._entries.pop(key, None)
            if len(self._entries) >= self._size:
                self._entries.popitem(last=False)
            self._entries[key] = value
        return value

    def pop(self, key: Key) -> Value | None:
        """Remove the entry of `key`; return its value, or None if there was none."""
        with self._lock:
            return self._entries.pop(key, None)

    def clear(self) -> None:
        """Remove every entry."""
        with self._lock:
            self._entries.clear()

    def after_fork(self) -> None:
        """Replace the lock, which a thread of the parent process may have held."""
        self._lock = threading.Lock()
