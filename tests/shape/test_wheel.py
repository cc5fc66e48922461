"""What users install: the built wheel, and what it needs."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "gatepass"

# Run with the wheel alone on the path, as if the extras were not installed.
ALONE = """
import sys
for extra in ("alembic", "argon2", "azure", "botocore", "cryptography", "fastapi", "google.auth",
              "jinja2", "keyring", "pydantic_settings", "sqlalchemy", "starlette",
              "structlog", "uvicorn"):
    sys.modules[extra] = None
from gatepass.cli import main
main(sys.argv[1:], prog_name="gatepass")
"""

IMPORT_ALONE = """
import sys
library, module = sys.argv[1:]
sys.modules[library] = None
try:
    __import__(module)
except ImportError as error:
    print(error)
"""

TESTING_ALONE = """
import sys
sys.modules["pytest"] = None
from gatepass.testing import FakeServer
from gatepass import TokenSource
with FakeServer() as server:
    assert server.accepts(TokenSource(server.settings).token().authorization)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


def built(target: Path, repository: str = "") -> Path:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    environ = os.environ | {"GATEPASS_REPOSITORY": repository}
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, env=environ)
    (made,) = target.glob("*.whl")
    return made


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as content:
        [name] = [name for name in content.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(content.read(name))


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


def test_the_description_of_the_package_has_no_dead_link(wheel: Path) -> None:
    text = str(metadata(wheel).get_payload())

    assert "# Gatepass" in text
    assert not re.findall(r"\]\((?!https?:)[^)]*\)", text)
    assert metadata(wheel).get_all("Project-URL") is None


def test_links_and_pictures_of_the_description_lead_to_the_repository(tmp_path: Path) -> None:
    made = metadata(built(tmp_path, "https://forge.example/gatepass/"))
    text = str(made.get_payload())

    links = re.findall(r"\]\(https://forge.example/gatepass/(\w+)/v([^/]+)/([^)]*)\)", text)
    assert {version for _, version, _ in links} == {made["Version"]}
    found = {(place, path) for place, _, path in links}
    assert ("raw", "docs/images/credentials.png") in found
    assert ("blob", "docs/reference/settings.md") in found
    assert all((ROOT / path.partition("#")[0]).exists() for _, path in found)
    assert "Source, https://forge.example/gatepass" in made.get_all("Project-URL", [])


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    wanted = {
        f"gatepass/{file.relative_to(PACKAGE)}"
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def sbom(wheel: Path) -> dict[str, Any]:
    """Return the bill of materials that the wheel carries."""
    with zipfile.ZipFile(wheel) as content:
        [name] = [name for name in content.namelist() if "/sboms/" in name]
        assert re.fullmatch(r"gatepass-[^/]+\.dist-info/sboms/gatepass\.cdx\.json", name)
        found: dict[str, Any] = json.loads(content.read(name))
    version = metadata(wheel)["Version"]
    named = found["metadata"]["component"]
    assert (named["version"], named["purl"]) == (version, f"pkg:pypi/gatepass@{version}")
    return found


def test_the_bill_of_materials_in_the_wheel_is_valid_cyclonedx(sbom: dict[str, Any]) -> None:
    kept = resources.files("cyclonedx.schema") / "_res"
    names = ("bom-1.6", "spdx", "jsf-0.82", "cryptography-defs")
    files = [f"{name}.SNAPSHOT.schema.json" for name in names]
    schemas = {name: json.loads((kept / name).read_text()) for name in files}
    bom = schemas[files[0]]
    place = "http://cyclonedx.org/schema/"  # a name; nothing is fetched
    registry = jsonschema_rs.Registry([(place + name, schemas[name]) for name in files])

    jsonschema_rs.validator_for(bom, registry=registry).validate(sbom)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validator_for(bom, registry=registry).validate(sbom | {"version": "x"})


def test_the_bill_of_materials_lists_every_dependency_as_it_is_locked(sbom: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    listed = {each["name"]: each for each in sbom["components"]}
    lock = (ROOT / "requirements.lock").read_text()

    for line in (*project["dependencies"], *extras):
        name = canonicalize_name(Requirement(line).name)
        assert f"\n{name}=={listed[name]['version']}" in f"\n{lock}"
        assert listed[name]["purl"] == f"pkg:pypi/{name}@{listed[name]['version']}"
        assert listed[name]["purl"] in sbom["dependencies"][0]["dependsOn"]
    assert {"httpcore2", "mako", "cffi", "psycopg-binary"} <= listed.keys()  # needed by those
    assert {"pytest", "ruff", "django"}.isdisjoint(listed)
    assert listed["click"]["scope"] == "required"
    assert listed["sqlalchemy"]["scope"] == "optional"


def test_every_package_in_the_graph_is_a_component(sbom: dict[str, Any]) -> None:
    known = {each["bom-ref"] for each in sbom["components"]}
    own, *others = sbom["dependencies"]

    assert own["ref"] == sbom["metadata"]["component"]["bom-ref"]
    assert {each["ref"] for each in others} == known
    assert {ref for each in sbom["dependencies"] for ref in each["dependsOn"]} == known


@pytest.mark.spec("ASVS", "13.4.1")
def test_the_wheel_has_nothing_but_the_package_and_its_metadata(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    version = metadata(wheel)["Version"]
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"gatepass", f"gatepass-{version}.dist-info"}
    assert not [name for name in names if ".git" in name or name.endswith((".pyc", ".db", ".key"))]


def test_the_wheel_has_the_licence_of_each_part_that_is_not_ours(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    licences = [name.split("/licenses/")[1] for name in names if "/licenses/" in name]
    swagger_ui = "src/gatepass/server/partner_api/static/swagger-ui"
    assert sorted(licences) == [
        "LICENSE",
        "src/gatepass/server/domain/users/passwords/common_passwords.LICENSE",
        f"{swagger_ui}/LICENSE",
        f"{swagger_ui}/swagger-ui-bundle.js.LICENSE.txt",
    ]
    assert "gatepass/server/domain/users/passwords/common_passwords.md" in names


def test_the_client_runs_without_the_server_extra(wheel: Path) -> None:
    ran = alone(wheel, "token")

    assert ran.returncode == 1
    assert "GATEPASS_TOKEN_URL" in ran.stderr


def test_a_server_command_without_the_server_extra_says_what_to_install(wheel: Path) -> None:
    ran = alone(wheel, "serve")

    assert ran.returncode == 1
    assert "gatepass[server]" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("library", "module", "extra"),
    [
        ("requests", "gatepass.client.requests", "requests"),
        ("httpx", "gatepass.client.httpx", "httpx"),
        ("aiohttp", "gatepass.client.aiohttp", "aiohttp"),
        ("cryptography", "gatepass.guard.asgi", "guard"),
        ("cryptography", "gatepass.guard.testing.issuer", "guard"),
        ("limits", "gatepass.guard.core.rate_limit", "limits"),
    ],
)
def test_an_adapter_without_its_library_says_what_to_install(
    wheel: Path, library: str, module: str, extra: str
) -> None:
    ran = alone(wheel, library, module, program=IMPORT_ALONE)

    assert ran.stdout.endswith(f"Install it: pip install 'gatepass[{extra}]'\n"), ran.stderr


def test_the_help_for_tests_works_without_pytest_which_finds_its_plugin(wheel: Path) -> None:
    ran = alone(wheel, program=TESTING_ALONE)

    assert (ran.returncode, ran.stderr) == (0, "")
    with zipfile.ZipFile(wheel) as content:
        [entry_points] = [name for name in content.namelist() if name.endswith("entry_points.txt")]
        assert (
            "[pytest11]\ngatepass = gatepass.testing.pytest_plugin"
            in content.read(entry_points).decode()
        )
