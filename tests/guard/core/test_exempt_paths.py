"""Which paths need no token."""

import pytest

from gatepass.guard.core.exempt_paths import ExemptPaths

EXEMPT = ExemptPaths(["/health", "/docs/*", "/"])


@pytest.mark.parametrize(
    "path", ["/health", "/docs/", "/docs/a/b.html", "/docs/a/", "/docs/.x/y.", "/docs/é", "/"]
)
def test_what_is_listed_is_exempt(path: str) -> None:
    assert path in EXEMPT


@pytest.mark.parametrize(
    "path",
    [
        "/docs",
        "/health/",
        "/healthy",
        "",
        "/meters",
        "//docs/a",
        "/docs/../meters",
        "/docs/..",
        "/docs/./../meters",
        "/docs//a",
        "/docs/..%2fmeters",
        "/docs/..\\meters",
        "/docs/..;/meters",
        "/docs/a\0",
        "/docs/.\t./meters",
        "/docs/..\r\n/meters",
        "/docs/.. /meters",
        "/docs/.../meters",
        "/docs/ ",
        "/docs/a//",
        "/docs/%2e%2e/meters",
        "/Docs/a",
    ],
)
def test_what_could_become_another_path_is_not(path: str) -> None:
    assert path not in EXEMPT


@pytest.mark.parametrize("patterns", ["/health", ["health"], ["/a*"], ["*"], [""]])
def test_a_pattern_that_is_none_is_refused(patterns: object) -> None:
    with pytest.raises(ValueError, match="list of paths"):
        ExemptPaths(patterns)  # type: ignore[arg-type]
