"""The page about two nodes: its settings are right, its files are those tested, its times fit."""

import re
from pathlib import Path

import pytest

from docs.page import ROOT
from gatepass.server.configuration.settings import load
from gatepass.wire.credential import Mode
from gateways.deployed import APP, EXAMPLES, TWO_NODES

_PAGE = ROOT / "docs" / "operate" / "two-nodes.md"


def test_the_settings_of_the_page_make_a_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEPASS_DATA", raising=False)
    [text] = re.findall(r"```toml\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    (tmp_path / "gatepass.toml").write_text(re.sub(r"^   ", "", text, flags=re.MULTILINE))
    settings = load(data=tmp_path)

    assert settings.issuer(Mode.LIVE) == f"https://{APP}"
    addresses = re.findall(r"server (?:\w+ )?([\d.]+):8000", (TWO_NODES / "nginx.conf").read_text())
    assert settings.host[0] in addresses
    assert settings.production.database != settings.sandbox.database


def test_the_page_links_every_file_for_two_nodes() -> None:
    linked = re.findall(r"\(\.\./\.\./examples/deploy/two-nodes/([\w.-]+)\)", _PAGE.read_text())

    assert sorted(linked) == sorted(each.name for each in TWO_NODES.iterdir())


@pytest.mark.parametrize("name", ["nginx.conf", "haproxy.cfg"])
def test_a_file_for_two_nodes_has_all_that_the_one_for_one_node_has(name: str) -> None:
    one, two = ((folder / name).read_text().splitlines() for folder in (EXAMPLES, TWO_NODES))
    missing = [line for line in one if line not in two and not line.lstrip().startswith("#")]

    assert [line for line in missing if "server" not in line] == []


def test_the_times_of_settings_and_files_fit_together(tmp_path: Path) -> None:
    settings = load(data=tmp_path)
    nginx, haproxy = ((TWO_NODES / each).read_text() for each in ("nginx.conf", "haproxy.cfg"))
    [again] = {int(each) for each in re.findall(r"fail_timeout=(\d+)s", nginx)}
    [times] = re.findall(r"inter (\d+)s fall (\d+) rise (\d+)", haproxy)
    inter, fall, rise = map(int, times)

    assert again < settings.drain_seconds
    assert inter * rise < inter * fall < settings.drain_seconds
