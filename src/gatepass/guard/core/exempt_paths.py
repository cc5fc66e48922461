"""Paths that need no token. Pure."""

from collections.abc import Iterable

# Some applications tidy up a path before they use it: what would become another one needs a token.
_UNTIDY = frozenset("\\%;\x7f").union(
    map(chr, range(32))
)  # URL parsers leave tabs and ends of lines out


class ExemptPaths:
    """Paths by pattern: "/health" is that one alone, "/docs/*" all beneath it.

    Raises ValueError for anything else, and for one text in place of a list.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        listed = [] if isinstance(patterns, str) else list(patterns)
        if isinstance(patterns, str) or not all(map(_is_pattern, listed)):
            raise ValueError('exempt is a list of paths as "/health" and "/docs/*"')
        self._whole = frozenset(path for path in listed if not path.endswith("*"))
        self._beginnings = tuple(path[:-1] for path in listed if path.endswith("*"))

    def __contains__(self, path: str) -> bool:
        """Tell whether `path`, as the server has decoded it, needs no token."""
        if path in self._whole:
            return True
        return path.startswith(self._beginnings) and _is_tidy(path)


def _is_tidy(path: str) -> bool:
    """Tell whether nobody would make another path of it.

    A part of dots and spaces alone is none or another one to some; the last part may be empty.
    """
    inner = path.removesuffix("/").split("/")[1:]
    return _UNTIDY.isdisjoint(path) and all(part.strip(". ") for part in inner)


def _is_pattern(path: str) -> bool:
    return path.startswith("/") and "*" not in path.removesuffix("/*")
