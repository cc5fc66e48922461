"""Revoked token ids in memory: a million of them in less than forty megabytes.

A dictionary would take four times as much. Token ids are random, so their first two bytes
spread them evenly over buckets; a bucket is a byte array of records, searched by C code. The whole
is never rebuilt when it grows, so that no caller waits for that.
"""

import threading
from collections.abc import Iterable

_ID = 16  # bytes of a token id
_HEAD = 2  # bytes of it that choose the bucket
_EXPIRY = 4  # bytes: Unix seconds
_RECORD = _ID - _HEAD + _EXPIRY


class RevokedIds:
    """The ids of revoked tokens, each until its token has expired. Threads may share it."""

    def __init__(self, known: Iterable[tuple[bytes, int]] = ()) -> None:
        self._buckets: dict[bytes, bytearray] = {}
        self._count = 0
        self._lock = threading.Lock()
        for token_id, expires_at in known:
            self._append(token_id, expires_at)

    def __contains__(self, token_id: bytes) -> bool:
        """Return whether a token is revoked; takes no lock."""
        bucket = self._buckets.get(token_id[:_HEAD])
        return bucket is not None and _find(bucket, token_id[_HEAD:]) >= 0

    def __len__(self) -> int:
        """Return how many are kept."""
        return self._count

    def add(self, token_id: bytes, expires_at: int) -> None:
        """Keep a token's id until `expires_at` (Unix seconds)."""
        with self._lock:
            if token_id not in self:
                self._append(token_id, expires_at)

    def prune(self, now: float) -> None:
        """Remove the tokens that have expired by `now` (Unix seconds)."""
        for head in list(self._buckets):
            with self._lock:
                kept = _unexpired(self._buckets[head], int(now))
                self._count -= (len(self._buckets[head]) - len(kept)) // _RECORD
                if kept:
                    self._buckets[head] = kept
                else:
                    del self._buckets[head]

    def _append(self, token_id: bytes, expires_at: int) -> None:
        bucket = self._buckets.get(token_id[:_HEAD])
        if bucket is None:
            bucket = self._buckets[token_id[:_HEAD]] = bytearray()
        bucket += token_id[_HEAD:] + expires_at.to_bytes(_EXPIRY, "big")
        self._count += 1


def _find(bucket: bytearray, rest: bytes) -> int:
    """Return where a record begins, -1 where there is none; what lies across two is none."""
    at = bucket.find(rest)
    while at >= 0 and at % _RECORD:
        at = bucket.find(rest, at + 1)
    return at


def _unexpired(bucket: bytearray, now: int) -> bytearray:
    kept = bytearray()
    for at in range(0, len(bucket), _RECORD):
        record = bucket[at : at + _RECORD]
        if int.from_bytes(record[-_EXPIRY:], "big") > now:
            kept += record
    return kept
