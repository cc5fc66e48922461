"""Tokens for httpx2: `httpx2.Client(auth=BearerAuth.from_env())`, and AsyncClient the same."""

import httpx2

from gatepass.client.tokens.auth_flow import AuthFlow, one_hop
from gatepass.client.tokens.bearer_auth import BearerAuthBase


class BearerAuth(AuthFlow, BearerAuthBase, httpx2.Auth):
    """Sends every request with a valid access token (RFC 6750 §2.1), and never without one.

    A 401 drops the token, so that the next request has a new one. The request itself is sent
    once more, if the body can be sent again (bytes, text, JSON and forms can, a stream or files
    cannot); the caller gets its second response. If there is no token, the request is not
    sent and a ClientError is raised. A redirect to another origin is followed without the
    token. One BearerAuth may serve any number of clients, threads and asyncio tasks. Does NOT
    check the scheme of the address that it is sent to.
    """

    _replayable = httpx2.ByteStream
    _one_hop = staticmethod(one_hop(httpx2.Headers))
