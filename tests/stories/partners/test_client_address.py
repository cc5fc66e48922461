"""Behind a trusted proxy nobody chooses what a server takes for their address."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from server_process import Credentials, Organization, Server, serving
from stories.partners.portal import Portal

_OFFICE = "203.0.113.5"
# What a proxy that is set up badly, or that does not replace the header, passes on.
_TEXTS = [
    "unknown",
    "evil.example.com",
    "<script>alert(1)</script>",
    "fe80::1%<b>",
    "203.0.113.5:99999",
    "for=203.0.113.5",
    "",
    "_hidden",
    "203.0.113.5, localhost",
]


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {"GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]'}
    with serving(tmp_path_factory.mktemp("asked") / "data", variables=variables) as running:
        yield running


@pytest.fixture(scope="module")
def organization(proxied: Server) -> Organization:
    return proxied.create_organization()


@pytest.fixture(scope="module")
def officer(proxied: Server, organization: Organization) -> Credentials:
    """An application that may ask from the office alone."""
    where = ("--organization", organization.org_id, "--name", "Officer", "--network", _OFFICE)
    return Credentials(**json.loads(proxied.run("application", "create", *where, "--json").out))


def ask(server: Server, by: Credentials, secret: str, **headers: str) -> int:
    form = {"grant_type": "client_credentials"}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    auth = (by.client_id, secret)
    return server.ask("POST", "/oauth2/token/", auth=auth, data=form, headers=names).status


def test_an_application_is_served_from_its_network_and_from_no_word_for_it(
    proxied: Server, officer: Credentials
) -> None:
    secret = officer.client_secret
    assert ask(proxied, officer, secret, X_Forwarded_For=_OFFICE) == 200
    assert ask(proxied, officer, secret, X_Forwarded_For=f"198.51.100.4, {_OFFICE}:4711") == 200
    for forged in (*_TEXTS, f"{_OFFICE}, 198.51.100.4", f"{_OFFICE}, 198.51.100.4, 127.0.0.1"):
        assert ask(proxied, officer, secret, X_Forwarded_For=forged) == 401, forged
    assert ask(proxied, officer, secret, Forwarded=f"for={_OFFICE}") == 401
    assert ask(proxied, officer, secret, X_Real_IP=_OFFICE) == 401


def test_other_texts_for_each_failure_are_one_source_for_the_limit_on_clients(
    proxied: Server, officer: Credentials
) -> None:
    statuses = [
        ask(proxied, officer, f"wrong{number}", X_Forwarded_For=f"{number}.example.com")
        for number in range(40)
    ]

    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_other_texts_for_each_failure_are_one_source_for_the_limit_on_logins(
    proxied: Server, organization: Organization
) -> None:
    statuses = []
    for text in _TEXTS:
        with Portal(proxied) as portal:
            portal.http.headers["X-Forwarded-For"] = text
            statuses.append(portal.log_in(organization.username, "not this one").status_code)

    assert statuses[0] == 400
    assert statuses[-1] == 429


def test_log_and_audit_log_name_addresses_alone(
    proxied: Server, organization: Organization, officer: Credentials
) -> None:
    for text in _TEXTS:
        ask(proxied, officer, "wrong", X_Forwarded_For=text)
    with Portal(proxied) as portal:
        portal.http.headers["X-Forwarded-For"] = f"192.0.2.1, {_OFFICE}"
        portal.begin(organization)
        portal.register("Billing")
    logged = [each["source"] for each in proxied.events() if "source" in each]
    noted = audited(proxied)

    assert len(logged) >= len(_TEXTS)
    assert _OFFICE in noted
    for source in {*logged, *noted} - {OPERATOR.source, ""}:
        assert str(ip_address(source)) == source


def audited(server: Server) -> list[str]:
    """Return the sources that the audit log names, read beside the server."""
    (file,) = (each for each in Path(server.data).glob("*production*.sqlite3"))
    with closing(sqlite3.connect(file)) as database:
        return [row[0] for row in database.execute("SELECT source FROM audit")]


def test_a_server_whose_issuer_is_https_says_at_the_start_that_no_proxy_is_named(
    tmp_path: Path,
) -> None:
    https = {"GATEPASS_PRODUCTION__HOSTS": '["app.example.com"]'}
    named = https | {"GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]'}
    for name, variables, told in (("nobody", https, ["trusted_proxies"]), ("named", named, [])):
        with serving(tmp_path / name, variables=variables) as running:
            events = [event for event in running.events() if event["event"] == "proxy.not_named"]

        assert [event["setting"] for event in events] == told
