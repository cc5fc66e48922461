"""The pages about installing, hardening, sizing: files exist, settings and commands are right."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from commands import clean_variables, run
from docs.page import ROOT, Reader, commands
from docs.page import blocks as page_blocks
from gatepass.server.configuration.settings import load
from gatepass.server.storage import master_key
from gatepass.wire.credential import Mode
from shape.test_version import hatch

_OPERATE = ROOT / "docs" / "operate"
_INSTALL, _HARDEN, _SIZING = (
    (_OPERATE / f"{name}.md").read_text() for name in ("install", "harden", "sizing")
)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def typed(page: str) -> list[str]:
    """Return the commands of a page, each in one line."""
    found = [each.text for block in blocks(page, "console") for each in commands(block)]
    return [re.sub(r"\s*\\\n\s*", " ", each) for each in found]


def test_the_package_is_installed_and_its_settings_are_checked_as_printed(tmp_path: Path) -> None:
    hatch(ROOT, "build", "-t", "wheel", "-d", str(tmp_path))
    [wheel] = tmp_path.glob("*.whl")
    program, lock = tmp_path / "opt", ROOT / "requirements.lock"
    # The built wheel and what is locked, in the place of what is published.
    install = f"{find_uv_bin()} pip install --quiet --python {program}/bin/python"
    instead = {
        "/opt/gatepass/bin/pip install --quiet 'gatepass[server,postgres]'": (
            f"{install} --constraint {lock} 'gatepass[server,postgres] @ {wheel.as_uri()}'"
        ),
        "/opt/gatepass": str(program),
        "/etc/gatepass": str(tmp_path),
    }
    package, check, *_ = (
        b for b in page_blocks("../operate/install.md") if b.language == "console"
    )
    [text] = blocks(_INSTALL, "toml")
    (tmp_path / "gatepass.toml").write_text(text)

    with Reader(tmp_path, instead, clean_variables()) as reader:
        reader.play(package)
        assert wheel.name.split("-")[1] in reader.printed
        reader.play(check)
        assert "https://app.example.com" in reader.printed

    settings = load(tmp_path / "gatepass.toml", data=tmp_path)
    assert settings.issuer(Mode.TEST) == "https://sandbox.example.com"


def test_the_commands_about_hardening_work_as_printed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is missing (Debian: apt-get install systemd)")
    instead = {"examples/deploy": str(ROOT / "examples" / "deploy")}
    with Reader(tmp_path, instead, clean_variables()) as reader:
        rating, bill = (b for b in page_blocks("../operate/harden.md") if b.language == "console")
        reader.play(rating)
        assert "Overall exposure level for gatepass.service: 1.2" in reader.printed
        reader.play(bill)
        assert reader.printed.strip().endswith("sboms/gatepass.cdx.json")


def test_targets_of_make_that_the_page_names_exist() -> None:
    named = [each.split()[1] for each in typed(_INSTALL) if each.startswith("make ")]
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert named
    assert set(named) <= set(targets)


@pytest.mark.parametrize("page", [_INSTALL, _HARDEN])
def test_every_file_that_a_command_names_exists(page: str) -> None:
    named = re.findall(r"examples/deploy/[\w./-]+", "\n".join(typed(page)))

    assert named
    assert [each for each in named if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("page", [_INSTALL, _HARDEN, _SIZING])
def test_every_command_of_gatepass_is_one(page: str) -> None:
    for command in typed(page):
        ours = re.fullmatch(r"(?:/opt/gatepass/bin/)?gatepass (.*)", command)
        if not ours:
            continue
        name = re.match(r"--version|[a-z]+ [a-z]+", ours[1])
        assert name
        options = re.findall(r"--[a-z-]+", ours[1])
        ran = run(*name[0].split(), *([] if name[0] == "--version" else ["--help"]))
        assert ran.status == 0, command
        assert all(each in ran.out for each in options if each != "--version"), command


def test_the_variables_of_the_container_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    [start] = [each for each in typed(_INSTALL) if each.startswith("podman run")]
    for name, value in re.findall(r"--env (\w+)=(\S+)", start):
        monkeypatch.setenv(name, value)

    settings = load()

    assert settings.issuer(Mode.LIVE) == "https://app.example.com"
    assert settings.trusted_proxies == ("10.88.0.1",)
    [seconds] = re.findall(r"--stop-timeout (\d+)", start)
    assert float(seconds) > settings.shutdown_timeout


def test_the_key_that_the_page_makes_is_a_master_key(tmp_path: Path) -> None:
    [make] = [each for each in typed(_INSTALL) if each.startswith("python3 -c 'import base64")]
    program = make.split("'")[1]
    key = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    (tmp_path / "master.key").write_bytes(key)

    kept = master_key.load(tmp_path)
    assert kept.decrypt(kept.encrypt(b"secret", "purpose"), "purpose") == b"secret"


def test_what_a_core_answers_is_what_was_measured() -> None:
    speed = (ROOT / "docs" / "reference" / "speed.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([\d,]+) \|$", _SIZING.split("\n## ")[1], re.MULTILINE)
    stated = {name: int(number.replace(",", "")) for name, number in rows}

    assert len(stated) >= 6
    for name, number in stated.items():
        measured = re.findall(rf"^\| 128 \| {re.escape(name)} \| ([\d,]+) ", speed, re.MULTILINE)
        assert measured, name
        assert 0.8 < number / int(measured[0].replace(",", "")) < 1.25, name


def test_settings_that_the_pages_name_exist() -> None:
    reference = (ROOT / "docs" / "reference" / "settings.md").read_text()
    named = re.findall(r"`((?:http|session|password)\.[a-z_]+)`", _HARDEN + _SIZING)

    assert named
    assert [each for each in named if f"`{each}`" not in reference] == []
