"""What users install: the built wheel, and what it needs."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "gatepass"

# Run with the wheel alone on the path, as if the extras were not installed.
ALONE = """
import sys
for extra in ("alembic", "argon2", "azure", "botocore", "cryptography", "fastapi", "google.auth",
              "jinja2", "joserfc", "keyring", "pydantic_settings", "sqlalchemy", "starlette",
              "structlog", "uvicorn"):
    sys.modules[extra] = None
from gatepass.cli import main
main(sys.argv[1:], prog_name="gatepass")
"""

TESTING_ALONE = """
import sys
sys.modules["pytest"] = None
from gatepass.testing import PretendServer
from gatepass import TokenSource
with PretendServer() as server:
    assert server.accepts(TokenSource(server.settings).token().authorization)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def alone(wheel: Path, *arguments: str, program: str = ALONE) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=wheel.parent,
        env={
            **{name: value for name, value in os.environ.items() if "GATEPASS" not in name},
            "PYTHONPATH": str(wheel),
            "PYTHONSAFEPATH": "1",
        },
    )


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    wanted = {
        f"gatepass/{file.relative_to(PACKAGE)}"
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_has_the_licence_of_each_part_that_is_not_ours(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    licences = [name.split("/licenses/")[1] for name in names if "/licenses/" in name]
    assert sorted(licences) == ["LICENSE", "src/gatepass/server/people/common.LICENSE"]
    assert "gatepass/server/people/common.md" in names


def test_the_client_runs_without_the_server_extra(wheel: Path) -> None:
    ran = alone(wheel, "token")

    assert ran.returncode == 1
    assert "GATEPASS_TOKEN_URL" in ran.stderr


def test_a_server_command_without_the_server_extra_says_what_to_install(wheel: Path) -> None:
    ran = alone(wheel, "serve")

    assert ran.returncode == 1
    assert "gatepass[server]" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_the_help_for_tests_works_without_pytest_which_finds_its_plugin(wheel: Path) -> None:
    ran = alone(wheel, program=TESTING_ALONE)

    assert (ran.returncode, ran.stderr) == (0, "")
    with zipfile.ZipFile(wheel) as content:
        [entry_points] = [name for name in content.namelist() if name.endswith("entry_points.txt")]
        assert (
            "[pytest11]\ngatepass = gatepass.testing.pytest_plugin"
            in content.read(entry_points).decode()
        )
