"""How the settings name the header of client certificates, and what they refuse."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from server.fixtures import settings

HEADER = {"header": "X-Client-Cert"}
BOTH = {**HEADER, "verified_header": "X-Client-Verify"}


def test_a_header_offers_the_methods_that_can_work(tmp_path: Path) -> None:
    named = {"trusted_proxies": ("10.0.0.1",)}

    assert settings(tmp_path).certificate_methods == ()
    assert settings(tmp_path, proxy_certificates=HEADER, **named).certificate_methods == (
        "self_signed_tls_client_auth",
    )
    assert settings(tmp_path, proxy_certificates=BOTH, **named).certificate_methods == (
        "tls_client_auth",
        "self_signed_tls_client_auth",
    )


@pytest.mark.parametrize("proxies", [(), ("*",), ("0.0.0.0/0",), ("10.0.0.1", "::/0")])
def test_a_certificate_header_without_named_proxies_is_refused(
    tmp_path: Path, proxies: tuple[str, ...]
) -> None:
    with pytest.raises(ValidationError, match="names the proxies alone"):
        settings(tmp_path, proxy_certificates=HEADER, trusted_proxies=proxies)


@pytest.mark.parametrize(
    "given",
    [
        {"header": "X Client Cert"},
        {"header": "X_Client_Cert"},
        {"header": "Authorization"},
        {"header": "X-Forwarded-For"},
        {"header": "X-Client-Cert", "form": "der64"},
        {"verified_header": "X-Client-Verify"},
        {"header": "X-Client-Cert", "verified_header": "x-client-cert"},
    ],
    ids=str,
)
def test_a_name_or_form_that_cannot_be_is_refused(tmp_path: Path, given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(tmp_path, proxy_certificates=given, trusted_proxies=("10.0.0.1",))
