"""One-time passwords by the vectors of their RFC."""

from datetime import UTC, datetime

import pytest

from gatepass.server.domain.users.factors import totp

SECRET = b"12345678901234567890"


@pytest.mark.spec("RFC 6238", "appendix B")
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert totp.code(SECRET, totp.step_of(datetime.fromtimestamp(seconds, UTC))) == code


def test_an_app_reads_secret_and_account_from_the_uri() -> None:
    uri = totp.key_uri(SECRET, "Example & Söhne", "anna@x.example")

    assert uri == (
        "otpauth://totp/Example%20%26%20S%C3%B6hne%3Aanna%40x.example"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example%20%26%20S%C3%B6hne"
        "&algorithm=SHA1&digits=6&period=30"
    )


def test_a_code_with_spaces_is_the_same_code() -> None:
    now = datetime.fromtimestamp(1111111111, UTC)

    assert totp.matching_step(SECRET, " 050 471 ", now, 0) == totp.step_of(now)
