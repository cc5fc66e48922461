"""Every platform has wheels of all that is needed: nobody has to compile."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from uv import find_uv_bin

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
PLATFORMS = (
    "x86_64-manylinux_2_28",
    "aarch64-manylinux_2_28",
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
)
EXTRAS = ((), ("guard",), ("server",), ("server", "postgres"))
UNREACHABLE = ("error sending request", "Failed to fetch", "Could not connect")


QUICK = {"UV_HTTP_RETRIES": "0", "UV_HTTP_CONNECT_TIMEOUT": "5"}


@pytest.fixture(scope="module", autouse=True)
def registry() -> None:
    """Skip, and say why, where the package registry cannot be reached."""
    compile_("--no-deps", variables=QUICK)


def compile_(
    *options: str, variables: Mapping[str, str] = MappingProxyType({})
) -> "subprocess.CompletedProcess[str]":
    """Resolve; skip, and say why, where the registry does not answer."""
    ran = _run(*options, variables=variables)
    if ran.returncode != 0 and any(words in ran.stderr for words in UNREACHABLE):
        pytest.skip("nothing is resolved: the package registry cannot be reached")
    return ran


def _run(*options: str, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [find_uv_bin(), "pip", "compile", PROJECT, "--no-annotate", *options],
        env=os.environ | {"UV_PYTHON_DOWNLOADS": "never", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def resolve(platform: str, extras: tuple[str, ...], python: str) -> dict[str, str]:
    """Return the versions of the packages that an installation from wheels alone would have."""
    options = [word for extra in extras for word in ("--extra", extra)]
    options += ["--only-binary", ":all:", "--python-platform", platform]
    ran = compile_(*options, "--python-version", python)
    assert ran.returncode == 0, ran.stderr
    lines = (line for line in ran.stdout.splitlines() if "==" in line)
    pinned = [Requirement(line) for line in lines]
    return {canonicalize_name(each.name): str(each.specifier) for each in pinned}


@pytest.mark.parametrize("extras", EXTRAS, ids=lambda extras: "+".join(extras) or "plain")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_has_a_wheel_of_everything(platform: str, extras: tuple[str, ...]) -> None:
    found = resolve(platform, extras, "3.11")

    assert "click" in found
    assert ("apsw" in found) == ("server" in extras)
    assert ("uvloop" in found) == ("server" in extras and "windows" not in platform)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_has_wheels_for_a_later_python(platform: str) -> None:
    assert "apsw" in resolve(platform, ("server", "postgres"), "3.14")
