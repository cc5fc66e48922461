"""The settings of the server's own TLS, and what follows from them."""

from pathlib import Path
from typing import Any

import pytest

from gatepass.server.configuration.settings import Settings, SettingsError, load
from gatepass.wire.credential import Mode

CERTIFICATE, KEY, AUTHORITIES = Path("/etc/cert.pem"), Path("/etc/key.pem"), Path("/etc/ca.pem")
TLS = {"certificate": CERTIFICATE, "key": KEY}
BOTH = {**TLS, "mtls_port": 8443, "client_ca": AUTHORITIES}
PRODUCTION, SANDBOX = {"hosts": ["app.example.com"]}, {"hosts": ["sandbox.example.com"]}


def made(tmp_path: Path, **given: Any) -> Settings:  # noqa: ANN401 - as `load` has it
    return load(data=tmp_path, has_variables=False, **given)


def test_without_hosts_the_issuers_are_https_on_loopback(tmp_path: Path) -> None:
    settings = made(tmp_path, tls=TLS)

    assert settings.issuer(Mode.LIVE) == "https://localhost:8000"
    assert settings.issuer(Mode.TEST) == "https://localhost:8001"
    assert made(tmp_path).issuer(Mode.LIVE) == "http://localhost:8000"


def test_a_loopback_host_is_https_too(tmp_path: Path) -> None:
    settings = made(tmp_path, tls=TLS, production={"hosts": ["localhost:8443"]})

    assert settings.issuer(Mode.LIVE) == "https://localhost:8443"


def test_no_proxy_is_expected_where_the_server_speaks_tls(tmp_path: Path) -> None:
    hosts = {"production": PRODUCTION, "sandbox": SANDBOX}

    assert made(tmp_path, **hosts).has_proxy
    assert not made(tmp_path, **hosts, tls=TLS).has_proxy
    assert made(tmp_path, tls=TLS, trusted_proxies=["10.0.0.1"]).has_proxy


def test_each_environment_has_a_host_of_its_own_on_the_port_of_client_certificates(
    tmp_path: Path,
) -> None:
    named = made(tmp_path, tls=BOTH, production=PRODUCTION, sandbox=SANDBOX)
    default = made(tmp_path, tls=BOTH)

    assert named.mtls_hosts(Mode.LIVE) == ("app.example.com:8443",)
    assert named.mtls_hosts(Mode.TEST) == ("sandbox.example.com:8443",)
    assert default.mtls_hosts(Mode.LIVE)[0] == "localhost:8443"
    assert default.mtls_hosts(Mode.TEST) == ("sandbox-app.localhost:8443",)
    for settings in (named, default):
        for mode in Mode:
            assert set(settings.mtls_hosts(mode)) <= set(settings.hosts(mode))


def test_a_sandbox_on_the_same_name_has_no_host_for_client_certificates(tmp_path: Path) -> None:
    sandbox = {"hosts": ["app.example.com:8444"]}

    settings = made(tmp_path, tls=BOTH, production=PRODUCTION, sandbox=sandbox)

    assert settings.mtls_hosts(Mode.TEST) == ()


def test_without_that_port_no_host_is_added(tmp_path: Path) -> None:
    settings = made(tmp_path, tls=TLS, production=PRODUCTION)

    assert settings.hosts(Mode.LIVE) == ("app.example.com",)


@pytest.mark.parametrize(
    ("tls", "more", "words"),
    [
        ({"certificate": CERTIFICATE}, {}, "certificate and key must be given together"),
        ({"key": KEY}, {}, "certificate and key must be given together"),
        ({"mtls_port": 8443, "client_ca": AUTHORITIES}, {}, "mtls_port needs certificate and key"),
        ({**TLS, "mtls_port": 8443}, {}, "mtls_port and client_ca must be given together"),
        ({**TLS, "client_ca": AUTHORITIES}, {}, "mtls_port and client_ca must be given together"),
        ({**BOTH, "mtls_port": 8000}, {}, "is the port of something else"),
        ({**BOTH, "mtls_port": 9100}, {"metrics_port": 9100}, "is the port of something else"),
        ({**TLS, "cipher": "x"}, {}, "unknown setting"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(
    tmp_path: Path, tls: dict[str, object], more: dict[str, object], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        made(tmp_path, tls=tls, **more)
