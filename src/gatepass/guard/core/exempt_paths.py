"""Paths that need no token. Pure."""

from collections.abc import Iterable

# Some applications normalize a path before they use it: a path with one of these may become
# another one, so it needs a token. URL parsers drop tabs and line ends.
_NOT_NORMAL = frozenset("\\%;\x7f").union(map(chr, range(32)))


class ExemptPaths:
    """Paths by pattern: "/health" is that one alone, "/docs/*" all beneath it.

    Raises ValueError for anything else, and for one text in place of a list.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        listed = [] if isinstance(patterns, str) else list(patterns)
        if isinstance(patterns, str) or not all(map(_is_pattern, listed)):
            raise ValueError('exempt is a list of paths as "/health" and "/docs/*"')
        self._paths = frozenset(path for path in listed if not path.endswith("*"))
        self._prefixes = tuple(path[:-1] for path in listed if path.endswith("*"))

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self._paths or self._prefixes)

    def __contains__(self, path: str) -> bool:
        """Return whether `path`, as the server has decoded it, needs no token."""
        if path in self._paths:
            return True
        return path.startswith(self._prefixes) and _is_normal(path)


def _is_normal(path: str) -> bool:
    """Return whether no application would normalize it to another path.

    Some drop or change a part of dots and spaces alone; the last part may be empty.
    """
    inner = path.removesuffix("/").split("/")[1:]
    return _NOT_NORMAL.isdisjoint(path) and all(part.strip(". ") for part in inner)


def _is_pattern(path: str) -> bool:
    return path.startswith("/") and "*" not in path.removesuffix("/*")
