import json
from pathlib import Path

import pytest

from gatepass.server.configuration.settings import Settings, SettingsError, load

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/lists_in_variables.json").read_text())


@pytest.mark.parametrize(
    "vector",
    [pytest.param(each, id=each["text"]) for each in VECTORS if each["list"] is not None],
)
def test_a_list_in_a_variable_is_read_with_commas_or_as_json(
    monkeypatch: pytest.MonkeyPatch, vector: dict[str, object]
) -> None:
    monkeypatch.setenv("GATEPASS_PRODUCTION__HOSTS", str(vector["text"]))

    assert list(load().production.hosts) == vector["list"]


@pytest.mark.parametrize(
    "text", [pytest.param(each["text"]) for each in VECTORS if each["list"] is None]
)
def test_a_list_that_is_neither_is_refused_and_the_variable_named(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("GATEPASS_PRODUCTION__HOSTS", text)

    with pytest.raises(SettingsError, match="GATEPASS_PRODUCTION__HOSTS"):
        load()


def test_every_list_takes_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "host": ("127.0.0.1", "::1"),
        "trusted_proxies": ("10.0.0.1", "10.1.0.0/16"),
        "token_origins": ("https://a.example", "https://b.example"),
        "metrics_networks": ("10.0.0.0/8", "::1"),
    }
    for name, value in values.items():
        monkeypatch.setenv(f"GATEPASS_{name.upper()}", ",".join(value))

    settings = load()

    assert {name: getattr(settings, name) for name in values} == values
    assert set(values) == {
        name
        for name, field in Settings.model_fields.items()
        if str(field.annotation).startswith("tuple")
    }


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GATEPASS_PORT", "many"),
        ("gatepass_port", "0"),
        ("GATEPASS_METRICS_NETWORKS", "nowhere"),
        ("GATEPASS_PASSWORD__TIME_COST", "none"),
        ("GATEPASS_SANDBOX__HOST", "an unknown name"),
        ("GATEPASS_SANDBOX", "no table"),
    ],
)
def test_a_wrong_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)

    with pytest.raises(SettingsError) as raised:
        load()

    assert variable in str(raised.value)


def test_a_wrong_value_in_the_file_is_not_said_to_be_in_a_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "gatepass.toml").write_text("port = 0\n")
    monkeypatch.setenv("GATEPASS_DATA", str(tmp_path))

    with pytest.raises(SettingsError) as raised:
        load()

    assert str(tmp_path / "gatepass.toml") in str(raised.value)
    assert "GATEPASS_" not in str(raised.value)


def test_a_table_in_a_variable_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPASS_PRODUCTION", '{"hosts": ["a.example"]}')

    assert load().production.hosts == ("a.example",)


@pytest.mark.parametrize("variable", ["GATEPASS_DATA", "gatepass_data"])
def test_the_data_directory_of_a_variable_is_looked_into_for_the_settings_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    (tmp_path / "gatepass.toml").write_text("port = 9000\n")
    monkeypatch.setenv(variable, str(tmp_path))

    settings = load()

    assert (settings.data, settings.port) == (tmp_path, 9000)


def test_the_data_directory_of_the_argument_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, port in (("variable", 9000), ("argument", 9100)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "gatepass.toml").write_text(f"port = {port}\n")
    monkeypatch.setenv("GATEPASS_DATA", str(tmp_path / "variable"))

    settings = load(data=tmp_path / "argument")

    assert (settings.data, settings.port) == (tmp_path / "argument", 9100)


@pytest.mark.parametrize(
    ("variable", "setting"),
    [
        ("GATEPASS_PORT", "port"),
        ("GATEPASS_SANDBOX_PORT", "sandbox_port"),
        ("GATEPASS_METRICS_PORT", "metrics_port"),
    ],
)
@pytest.mark.parametrize("address", ["tcp://10.96.0.7:8000", "udp://[fd00::7]:8000"])
def test_the_variable_of_a_kubernetes_service_is_no_setting(
    monkeypatch: pytest.MonkeyPatch, variable: str, setting: str, address: str
) -> None:
    before = getattr(load(), setting)
    monkeypatch.setenv(variable, address)

    assert getattr(load(), setting) == before
