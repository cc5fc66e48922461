"""Which blocks may have a text in a name, by its parts of one to three characters. Pure.

A part has one bit for each block of a segment. So a part that no name has, and parts that are in
no block together, are known without a look at a block.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from zlib import crc32

SEGMENT = 128  # blocks
_LONGEST = 3  # characters
_MOST_SOUGHT = 16  # parts of a text: those of a long one are in few blocks together
_BYTES = SEGMENT // 8

Mark = tuple[int, int]
"""A part, as a number that others may have, too, and a segment."""


def marks(number: int, lines: Iterable[str]) -> Iterator[tuple[Mark, int]]:
    """Yield the marks of a block that has these lines, each with the bit of the block."""
    segment, bit = number // SEGMENT, 1 << number % SEGMENT
    for part in set(chain.from_iterable(map(_parts, lines))):
        yield (_number(part), segment), bit


def sought(spelling: str) -> list[int]:
    """Return the parts that a block must have to have a text, one at least."""
    size = min(len(spelling), _LONGEST)
    parts = dict.fromkeys(spelling[n : n + size] for n in range(len(spelling) - size + 1))
    every = max(1, -(-len(parts) // _MOST_SOUGHT))
    return [_number(part) for part in list(parts)[::every]]


def common(masks: Mapping[Mark, int], parts: Iterable[int]) -> set[int]:
    """Return the numbers of the blocks that have all of these parts."""
    first, *others = parts
    segments = {segment: mask for (part, segment), mask in masks.items() if part == first}
    for other in others:
        segments = {each: mask & masks.get((other, each), 0) for each, mask in segments.items()}
    return {
        segment * SEGMENT + bit
        for segment, mask in segments.items()
        for bit in range(SEGMENT)
        if mask >> bit & 1
    }


def write(mask: int) -> bytes:
    """Return the bits as the table has them."""
    return mask.to_bytes(_BYTES, "little")


def read(mask: bytes) -> int:
    """Return the bits of a row."""
    return int.from_bytes(mask, "little")


def _parts(line: str) -> Iterator[str]:
    for size in range(1, _LONGEST + 1):
        for start in range(len(line) - size + 1):
            yield line[start : start + size]


def _number(part: str) -> int:
    return crc32(part.encode("utf-8", "surrogatepass")) >> 1  # 31 bits: an INTEGER of PostgreSQL
