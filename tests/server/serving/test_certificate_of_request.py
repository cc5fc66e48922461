"""The certificate of a connection, as the endpoints get it."""

import asyncio
from typing import Any

import pytest

from gatepass.server.http import CERTIFICATE, ClientCertificate, read_head, read_request

_SCOPE = {"method": "POST", "headers": [], "query_string": b"", "client": ("192.0.2.1", 1)}


async def _whole() -> dict[str, Any]:
    return {"type": "http.request", "body": b""}


@pytest.mark.parametrize("read", [read_head, read_request])
@pytest.mark.parametrize("shown", [None, ClientCertificate(b"der", is_validated=True)])
def test_a_request_has_the_certificate_of_its_connection(
    read: Any,  # noqa: ANN401
    shown: ClientCertificate | None,
) -> None:
    scope = {**_SCOPE, **({CERTIFICATE: shown} if shown else {})}

    assert asyncio.run(read(scope, _whole)).certificate == shown
