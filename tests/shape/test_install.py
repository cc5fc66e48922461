"""The built wheel in empty environments: alone, with each extra, and with another Python."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

from commands import clean_variables
from server_process import free_ports
from shape.test_version import hatch

ROOT = Path(__file__).parents[2]
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
_UNREACHABLE = ("error sending request", "Failed to fetch", "Could not connect")
# A module of ours that needs the extra, or where the extra is for another one, its library.
_MODULES = {
    "aiohttp": "gatepass.client.aiohttp",
    "keys": "gatepass.client.keys.key_text",
    "aws": "gatepass.client.secrets.aws, botocore.session",
    "azure": "gatepass.client.secrets.azure, azure.identity, azure.keyvault.secrets",
    "backup": "pyrage",
    "cache": "gatepass.client.cache.file_cache",
    "google": "gatepass.client.secrets.google, google.auth.transport.requests",
    "guard": "gatepass.guard, gatepass.guard.asgi",
    "httpx": "gatepass.client.httpx",
    "keyring": "gatepass.client.secrets, keyring",
    "limits": "limits",
    "postgres": "psycopg, psycopg_pool",
    "requests": "gatepass.client.requests",
    "server": "gatepass.server.app, gatepass.server.run",
    "telemetry": "opentelemetry.trace",
}


class Installed:
    """An environment with the wheel."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self._uv("venv", "--quiet", "--python", python, str(folder))

    def install(self, *what: str) -> None:
        """Install what is locked; skip, and say why, where the registry cannot be reached."""
        lock = str(ROOT / "requirements.lock")
        ran = self._uv("pip", "install", "--quiet", "--constraint", lock, *what)
        if ran.returncode and any(words in ran.stderr for words in _UNREACHABLE):
            pytest.skip("nothing is installed: the package registry cannot be reached")
        assert ran.returncode == 0, ran.stderr

    def run(self, *arguments: str) -> str:
        ran = subprocess.run(
            [self.python, *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=clean_variables({"PYTHONSAFEPATH": "1"}),
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def _uv(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environ = os.environ | {
            "VIRTUAL_ENV": str(self.folder),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_HTTP_RETRIES": "0",
        }
        return subprocess.run(
            [find_uv_bin(), *arguments], env=environ, capture_output=True, text=True, check=False
        )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of wheel and source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    hatch(ROOT, "build", "-d", str(folder))
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    [found] = dist.glob("*.whl")
    return found


def test_the_source_distribution_makes_the_same_wheel(
    dist: Path, wheel: Path, tmp_path: Path
) -> None:
    [source] = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    [folder] = tmp_path.iterdir()
    hatch(folder, "build", "-t", "wheel", "-d", str(tmp_path / "dist"))

    [again] = (tmp_path / "dist").iterdir()
    assert again.name == wheel.name
    assert _content(again) == _content(wheel)


def _content(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {each.filename: each.CRC for each in archive.infolist()}


def test_the_source_distribution_has_what_a_packager_needs_and_nothing_else(dist: Path) -> None:
    [source] = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {each.partition("/")[2] for each in archive.getnames()}

    assert {"LICENSE", "CHANGELOG.md", "requirements.lock", "tests/setup.sh"} <= names
    unwanted = re.compile(
        r"(^|/)(\.venv|\.git/|dist/|node_modules|__pycache__|\.site|gatepass-data)"
    )
    assert [each for each in names if unwanted.search(each)] == []


def test_every_extra_is_tested() -> None:
    assert set(_PROJECT["optional-dependencies"]) == set(_MODULES)


def test_the_wheel_alone_has_a_client_and_says_its_version(wheel: Path, tmp_path: Path) -> None:
    installed = Installed(tmp_path / "env", sys.executable)
    installed.install(str(wheel))

    version = wheel.name.split("-")[1]
    assert installed.run("-m", "gatepass", "--version") == f"gatepass {version}\n"
    assert "organization" not in installed.run("-m", "gatepass", "--help")
    assert installed.run("-c", "import gatepass; print(gatepass.BearerAuth.__name__)")


@pytest.mark.parametrize("extra", sorted(_MODULES))
def test_an_extra_brings_what_its_modules_need(wheel: Path, tmp_path: Path, extra: str) -> None:
    installed = Installed(tmp_path / "env", sys.executable)
    installed.install(f"gatepass[{extra}] @ {wheel.as_uri()}")

    installed.run("-c", f"import {_MODULES[extra]}")


def _others() -> dict[str, str]:
    """Return the interpreters of other supported versions on this machine, by version."""
    found = {}
    own = sys.version_info[1]
    lines = [each for each in _PROJECT["classifiers"] if "Python :: 3." in each]
    for minor in sorted(int(each.rpartition(".")[2]) for each in lines):
        name = f"python3.{minor}"
        known = sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}"))
        program = shutil.which(name) if not known else str(known[-1])
        if minor != own and program:
            found[f"3.{minor}"] = program
    return found


@pytest.mark.slow
def test_the_server_works_with_the_newest_other_python_of_this_machine(
    wheel: Path, tmp_path: Path
) -> None:
    others = _others()
    if not others:
        pytest.skip("no other supported Python is installed; the workflow of the forge has all")
    version, python = list(others.items())[-1]
    installed = Installed(tmp_path / "env", python)
    installed.install(f"gatepass[server,postgres] @ {wheel.as_uri()}")
    assert installed.run("--version").startswith(f"Python {version}.")

    played = installed.run(
        *("-m", "gatepass", "demo", "--once"),
        *("--data", str(tmp_path / "data"), "--port", str(free_ports())),
    )

    assert "401" in played  # the last step: the revoked token is refused
