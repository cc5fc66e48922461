"""Certificates of applications, registered in the data directory of a running server."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from gatepass.server.configuration.settings import load
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys.certificates import operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.context import Context
from gatepass.server.environment import data_directory
from gatepass.wire.credential import Mode
from server_process import Server


def register_host(server: Server, client_id: str, host: str) -> None:
    """Let certificates of an authority that name a host authenticate an application."""
    with _application(server, client_id) as (context, app_id):
        operations.add_subject(
            context,
            OPERATOR,
            app_id,
            None,
            name="Subject",
            member="tls_client_auth_san_dns",
            value=host,
        )


def register_certificate(server: Server, client_id: str, pem: bytes) -> None:
    """Let one certificate authenticate an application, whoever issued it."""
    with _application(server, client_id) as (context, app_id):
        operations.add(context, OPERATOR, app_id, None, name="Own", text=pem)


def bind_to_certificates(server: Server, client_id: str) -> None:
    """Require that tokens of an application are bound to the certificate of their request."""
    with _application(server, client_id) as (context, app_id):
        applications.change(
            context, OPERATOR, app_id, None, tls_client_certificate_bound_access_tokens=True
        )


@contextmanager
def _application(server: Server, client_id: str) -> Iterator[tuple[Context, UUID]]:
    with data_directory.opened(load(data=server.data), Mode.LIVE) as environment:
        found = applications.find_by_client_id(environment.context, client_id)
        assert found is not None
        yield environment.context, found.id
