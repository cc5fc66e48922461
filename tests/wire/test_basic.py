"""HTTP Basic as OAuth uses it."""

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.wire import basic
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from wire.samples import texts

PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50)


@pytest.mark.spec("RFC 6749", "2.3.1")
@given(PRINTABLE.filter(bool), PRINTABLE)
def test_what_a_client_writes_is_what_a_server_reads(client_id: str, secret: str) -> None:
    scheme, _, credentials = basic.write(client_id, Secret(secret)).partition(" ")

    assert scheme == "Basic"
    assert basic.read(credentials) == (client_id, Secret(secret))


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize(
    ("joined", "client_id", "secret"),
    [
        (b"+%25%26%2B:s", " %&+", "s"),
        (b"an%3Aidentifier:s", "an:identifier", "s"),
        (b"id:a:b:c", "id", "a:b:c"),
        (b"id:%20%25%26%2B%3a", "id", " %&+:"),
        (b"id:a+b", "id", "a b"),
        (b"id:%C3%A4\xc3\xa4", "id", "\u00e4\u00e4"),
        (b"a-b_c.d~e:A%2DB%5fC", "a-b_c.d~e", "A-B_C"),
        (b"id:", "id", ""),
    ],
)
def test_id_and_secret_are_parted_at_the_first_colon_and_then_decoded(
    joined: bytes, client_id: str, secret: str
) -> None:
    assert basic.read(b64encode(joined).decode()) == (client_id, Secret(secret))


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize(
    "credentials", texts("malformed_basic").values(), ids=texts("malformed_basic")
)
def test_malformed_credentials_are_refused(credentials: str) -> None:
    with pytest.raises(OAuthError) as caught:
        basic.read(credentials)

    assert (caught.value.code, caught.value.status) == ("invalid_request", 400)
    assert "ecret" not in caught.value.description.replace("an id, a colon and a secret", "")


@given(st.text(max_size=100) | st.binary(max_size=100).map(lambda raw: b64encode(raw).decode()))
def test_no_text_whatever_raises_anything_but_refused(credentials: str) -> None:
    with suppress(OAuthError):
        client_id, _ = basic.read(credentials)
        assert client_id
        assert "\0" not in client_id
