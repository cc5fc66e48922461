import json
from pathlib import Path

import pytest

from commands import run as run_as_process
from commands import run_in_process as run


def _written(folder: Path, text: str) -> Path:
    config = folder / "gatepass.toml"
    config.write_text(text)
    return config


def test_the_effective_settings_are_printed_without_a_databases_password(tmp_path: Path) -> None:
    config = _written(
        tmp_path,
        'port = 9000\n[production]\ndatabase = "postgresql://gatepass:hunter2-hunter2@db/gatepass"\n',
    )

    ran = run("settings", "check", "--config", config, "--json")

    shown = json.loads(ran.out)
    assert (shown["port"], shown["sandbox_port"]) == (9000, 9001)
    assert shown["production.database"] == "user=gatepass password=*** dbname=gatepass host=db"
    assert shown["sandbox.issuer"] == "http://localhost:9001"
    assert shown["production.branding.name"] == "Gatepass"
    assert shown["sandbox.branding.contrast_light"] == "5.85:1, muted on sunken"
    assert "hunter2" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("prot = 9000", "prot", id="an unknown key"),
        pytest.param("[sandbox]\nhost = 'x'", "sandbox.host", id="an unknown key in a table"),
        pytest.param("port = 'many'", "port", id="a port that is no number"),
        pytest.param("port = 70000", "port", id="a port that is too large"),
        pytest.param(
            "path_aliases.token = ['o/t']", "path_aliases.token", id="a path without a slash"
        ),
        pytest.param("path_aliases = ['/o']", "path_aliases", id="path aliases without endpoints"),
        pytest.param("path_aliases.verify = ['/v']", "path_aliases.verify", id="no such alias"),
        pytest.param("port = ", "gatepass.toml", id="a file that is not TOML"),
        pytest.param(
            "[production]\nissuer = 'http://example.com'", "issuer", id="an issuer without TLS"
        ),
        pytest.param(
            "[production]\nhosts = ['a.example']\n[sandbox]\nhosts = ['a.example']",
            "a.example",
            id="a host of both environments",
        ),
    ],
)
def test_settings_that_are_wrong_are_one_line_that_names_them(
    tmp_path: Path, text: str, named: str
) -> None:
    config = _written(tmp_path, text)

    ran = run("settings", "check", "--config", config)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert named in ran.err


def test_a_settings_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    ran = run("settings", "check", "--config", tmp_path / "none.toml")

    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "none.toml" in ran.err


def test_the_variable_of_a_kubernetes_service_is_ignored_with_a_warning_that_names_it() -> None:
    variables = {"GATEPASS_PORT": "tcp://10.96.0.7:8000", "GATEPASS_SERVICE_HOST": "10.96.0.7"}

    ran = run("settings", "check", "--json", variables=variables)

    assert (ran.status, json.loads(ran.out)["port"]) == (0, 8000)
    (line,) = ran.err.splitlines()
    assert json.loads(line)["variable"] == "GATEPASS_PORT"


def test_postgresql_without_its_library_names_the_extra_that_brings_it(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['psycopg'] = None\n")
    database = "postgresql://gatepass@localhost/gatepass"
    variables = {"PYTHONPATH": str(tmp_path), "GATEPASS_PRODUCTION__DATABASE": database}

    ran = run_as_process(
        "organization", "create", "Acme", "--admin", "anna", cwd=tmp_path, variables=variables
    )

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1), ran.err
    assert "gatepass[server,postgres]" in ran.err
