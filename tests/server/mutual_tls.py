"""Clients that authenticate with a certificate, by way of a proxy that ends their TLS."""

from typing import Any

from httpx2 import Response

from certificates import certificate, escaped
from gatepass.jose.x509.certificate import Certificate
from gatepass.server.domain.applications.keys.certificates import operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.run import proxies_of
from gatepass.server.serving.proxy_headers import ProxyHeaders
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import TOKEN
from server.direct import DirectClient
from server.fixtures import GRANT, HERE, LIVE, URL, Client, InProcessServer, settings

PROXY = "198.51.100.1"
GIVEN: dict[str, Any] = {
    "trusted_proxies": (PROXY,),
    "proxy_certificates": {"header": "X-Client-Cert", "verified_header": "X-Client-Verify"},
}


def send(  # noqa: PLR0913 - a request has that many parts
    server: InProcessServer,
    method: str,
    path: str,
    shown: Certificate | None,
    mode: Mode = LIVE,
    *,
    verify: str = "NONE",
    peer: str = PROXY,
    headers: dict[str, str] | None = None,
    **given: Any,  # noqa: ANN401 - as httpx2 takes them
) -> Response:
    """Send a request through a proxy that shows a certificate, and says how it verified it."""
    sent = {"X-Forwarded-For": HERE, **(headers or {})}
    if shown:
        sent |= {"X-Client-Cert": escaped(shown).decode(), "X-Client-Verify": verify}
    app: Any = ProxyHeaders(server.app, proxies_of(settings(server.data, **GIVEN)))
    assert server.loop
    http = DirectClient(app, server.loop, base_url=URL[mode], client=(peer, 50000))
    return http.request(method, path, headers=sent, **given)


def ask(
    server: InProcessServer,
    client: Client,
    shown: Certificate | None,
    mode: Mode = LIVE,
    *,
    verify: str = "NONE",
    **form: str,
) -> Response:
    """Ask for a token with a client id and a certificate."""
    sent = GRANT | {"client_id": client.client_id} | form
    return send(server, "POST", TOKEN, shown, mode, verify=verify, data=sent)


def with_certificate(
    server: InProcessServer, client: Client | None = None, shown: Certificate | None = None
) -> tuple[Client, Certificate]:
    """Register an application, unless one is given, and a certificate of it."""
    owner, made = client or server.register(), shown or certificate()
    operations.add(
        server.environment().context,
        OPERATOR,
        owner.application.id,
        None,
        name="Certificate",
        text=made.pem().encode(),
    )
    return owner, made


def with_subject(server: InProcessServer, member: str, value: str) -> Client:
    """Register an application, and the subject that its certificates name."""
    owner = server.register()
    operations.add_subject(
        server.environment().context,
        OPERATOR,
        owner.application.id,
        None,
        name="Subject",
        member=member,
        value=value,
    )
    return owner
