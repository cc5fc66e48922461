"""The page about the server behind a proxy: its settings are right, its files are those tested."""

import re
from pathlib import Path

import pytest

from docs.page import ROOT
from gatepass.server.configuration.settings import load
from gatepass.wire.credential import Mode
from gateways.deployed import APP, EXAMPLES, NAMES, SANDBOX

_PAGE = ROOT / "docs" / "operate" / "behind-a-proxy.md"


def test_the_settings_of_the_page_make_a_server_of_its_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEPASS_DATA", raising=False)
    [text] = re.findall(r"```toml\n(.*?)```", _PAGE.read_text(), re.DOTALL)
    (tmp_path / "gatepass.toml").write_text(text)
    settings = load(data=tmp_path)

    assert settings.trusted_proxies == ("127.0.0.1",)
    assert settings.metrics_port == 9100
    assert (settings.issuer(Mode.LIVE), settings.issuer(Mode.TEST)) == (
        f"https://{APP}",
        f"https://{SANDBOX}",
    )


def test_the_page_links_every_file_and_each_proxy_is_tested() -> None:
    linked = re.findall(r"\(\.\./\.\./examples/deploy/([\w.-]+)\)", _PAGE.read_text())

    files = {each.name for each in EXAMPLES.iterdir() if each.is_file()} - {"compose.yaml"}
    assert sorted(linked) == sorted(files)
    assert [name for name in NAMES if name not in _PAGE.read_text().lower()] == []


def test_what_the_page_says_of_a_file_is_in_it() -> None:
    texts = "".join(each.read_text() for each in EXAMPLES.iterdir() if each.is_file())
    for line in (
        "keepalive_timeout 60s",
        "keepalive 60s",
        "pool-purge-delay 10s",
        "idleConnTimeout: 60s",
        "retry-on conn-failure",
        "timeout server 60s",
    ):
        assert line in _PAGE.read_text()
        assert line in texts
