"""The Containerfile and the Compose file: linted, and in step with the rest of the repository."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.conftest import ROOT, Run
from gatepass.server.configuration.environment_variables import PREFIX
from gatepass.server.configuration.settings import Settings, load
from shape.test_release import program

CONTAINERFILE = ROOT / "Containerfile"
COMPOSE = ROOT / "examples" / "deploy" / "compose.yaml"


def test_hadolint_finds_nothing_in_the_containerfile(tool: Run) -> None:
    ran = tool("hadolint", "--failure-threshold", "style", CONTAINERFILE)

    assert (ran.returncode, ran.stdout) == (0, "")


def test_hadolint_would_find_a_root_user_and_a_base_without_a_tag(
    tool: Run, tmp_path: Path
) -> None:
    (tmp_path / "Containerfile").write_text("FROM python\nUSER root\n")

    ran = tool("hadolint", tmp_path / "Containerfile")

    assert {"DL3006", "DL3002"} <= set(re.findall(r"DL\d+", ran.stdout))


def test_the_image_runs_as_a_user_without_rights_and_names_its_base_by_tag() -> None:
    lines = CONTAINERFILE.read_text().splitlines()
    stages = [line.split()[1] for line in lines if line.startswith("FROM ")]
    [version] = [line.partition("=")[2] for line in lines if line.startswith("ARG PYTHON=")]

    assert stages == ["docker.io/library/python:${PYTHON}"] * 2
    assert re.fullmatch(r"3\.1[1-4]-slim-[a-z]+", version)
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]


def test_what_the_image_installs_is_what_is_locked() -> None:
    image = (ROOT / "release" / "image.lock").read_text()
    names = set(re.findall(r"^([\w.-]+)==", image, re.MULTILINE))

    assert image == program("image_lock").text(), "run: make sbom"
    assert {"apsw", "click", "mako", "psycopg-binary", "uvicorn", "opentelemetry-api"} <= names
    assert {"pytest", "django", "botocore"}.isdisjoint(names)


def test_the_compose_file_fits_the_compose_specification(tool: Run, tmp_path: Path) -> None:
    ran = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    assert ran.returncode == 0, ran.stdout

    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("read_only: true", "read_only: [1]"))
    ran = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", wrong)
    assert ran.returncode == 1


def test_the_settings_of_the_compose_file_make_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = yaml.safe_load(COMPOSE.read_text())["services"]["gatepass"]
    for name, value in server["environment"].items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, value)

    settings: Settings = load(data=tmp_path)

    assert settings.production.database != settings.sandbox.database
    assert settings.trusted_proxies == ("172.30.0.1",)
    assert float(server["stop_grace_period"].removesuffix("s")) > settings.shutdown_timeout
    assert server["read_only"] is True
    assert server["cap_drop"] == ["ALL"]
