"""Paths that need no token. Pure."""

from collections.abc import Iterable

# Some applications tidy up a path before they use it: what would become another one needs a token.
_UNTIDY = ("//", "/./", "/../", "\\", "%", "\0", ";")


class Exempt:
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
        ended = path if path.endswith("/") else f"{path}/"  # "/.." at the end counts as well
        is_tidy = not any(part in ended for part in _UNTIDY)
        return is_tidy and path.startswith(self._beginnings)


def _is_pattern(path: str) -> bool:
    return path.startswith("/") and "*" not in path.removesuffix("/*")
