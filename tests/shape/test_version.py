"""The version of a build, from tags, from a source distribution, and where there is neither."""

import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from commands import run

ROOT = Path(__file__).parents[2]
_FILES = (
    "pyproject.toml", "CHANGELOG.md", "README.md", "LICENSE", ".gitattributes", ".git_archival.txt",
    "release/version.py", "release/description.py", "release/wheel_sbom.py",
    "release/gatepass.cdx.json", "src/gatepass/__init__.py",
)  # fmt: skip
_CHANGES = "# Changes\n\n## 0.7.0{state}\n\n### Changes\n\n- Something.\n"
_NOT_YET = ", not yet released"


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    ran = subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def hatch(folder: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "hatchling", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a repository of one commit with what decides about the version."""
    folder = tmp_path / "source"
    for name in _FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "CHANGELOG.md").write_text(_CHANGES.format(state=_NOT_YET))
    git(tmp_path, "init", "--quiet", "source")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return folder


def test_a_clone_without_tags_is_a_development_version_of_the_next_release(source: Path) -> None:
    assert re.fullmatch(r"0\.7\.0\.dev1\+g[0-9a-f]{7,}", hatch(source, "version"))


def test_a_tag_is_the_version_and_what_follows_is_a_later_one(source: Path) -> None:
    git(source, "tag", "v0.7.0")
    assert hatch(source, "version") == "0.7.0"

    (source / "CHANGELOG.md").write_text(_CHANGES.format(state=", 2026-12-01"))
    git(source, "commit", "--quiet", "--all", "--message", "second")
    later = Version(hatch(source, "version"))

    assert later.base_version == "0.8.0"
    assert later.dev == 1
    assert later > Version("0.7.0")


def test_a_tag_that_is_no_version_changes_nothing(source: Path) -> None:
    git(source, "tag", "nightly")

    assert Version(hatch(source, "version")).dev == 1


def test_a_source_distribution_has_the_version_in_it(source: Path, tmp_path: Path) -> None:
    git(source, "tag", "v0.7.0")
    hatch(source, "build", "-t", "sdist", "-d", str(tmp_path / "dist"))
    with tarfile.open(tmp_path / "dist" / "gatepass-0.7.0.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")

    hatch(tmp_path / "gatepass-0.7.0", "build", "-t", "wheel", "-d", str(tmp_path / "dist"))

    assert (tmp_path / "dist" / "gatepass-0.7.0-py3-none-any.whl").exists()


def test_what_git_archives_of_a_tag_has_its_version(source: Path, tmp_path: Path) -> None:
    git(source, "tag", "v0.7.0")
    git(source, "archive", "--output", str(tmp_path / "made.tar"), "v0.7.0")
    with tarfile.open(tmp_path / "made.tar") as archive:
        archive.extractall(tmp_path / "made", filter="data")

    assert hatch(tmp_path / "made", "version") == "0.7.0"


def test_without_git_it_is_what_the_changelog_says_is_next(source: Path) -> None:
    shutil.rmtree(source / ".git")
    (source / ".git_archival.txt").unlink()

    assert hatch(source, "version") == "0.7.0.dev0"


def test_the_command_prints_the_version_that_is_installed() -> None:
    assert run("--version").out == f"gatepass {version('gatepass')}\n"
    assert Version(version("gatepass")) >= Version("0.1.0.dev0")
