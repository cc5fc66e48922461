"""The bounds of an exchange that no store's own tests reach."""

import pytest

from client.fake_server import json_response
from client.secrets.fake_server import secret_store
from gatepass.client.errors import SecretUnavailable
from gatepass.client.secrets.http import exchange


def test_an_answer_that_takes_longer_than_the_deadline_is_given_up() -> None:
    with (
        secret_store(lambda _: json_response(fine=True)) as address,
        pytest.raises(SecretUnavailable, match="the store answers without end"),
    ):
        exchange("GET", address, {}, store="the store", timeout=-1.0)
