"""A program of the operator, and a partner with one of everything that operations are about."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx2 import Response
from sqlalchemy import update

from gatepass.server.admin.operations import examples
from gatepass.server.admin.operations.model import Operation
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations as keys
from gatepass.server.domain.applications.keys.certificates import operations as certificates
from gatepass.server.domain.applications.keys.store import application_key
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.domain.catalogue import operations as catalogue
from gatepass.server.domain.catalogue.model import CataloguedScope
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.organizations.webhooks import deliveries
from gatepass.server.domain.organizations.webhooks import operations as webhooks
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.invitations import operations as invitations
from gatepass.server.domain.users.operators import operations as operators
from gatepass.server.domain.users.operators.model import check_roles
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import ADMIN_API
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope
from server.fixtures import Client, InProcessServer


class Program:
    """An application of the operator, which sends requests to the Admin API."""

    def __init__(
        self, server: InProcessServer, *scopes: str, networks: tuple[Network, ...] = ()
    ) -> None:
        environment = server.environment()
        self.server = server
        new = applications.register(
            environment.context,
            environment.catalogue,
            OPERATOR,
            operating_organization(server),
            name="Back office",
            scope=Scope(scopes),
            allowed=environment.catalogue.granted_on_machine,
            networks=networks,
        )
        self.client = Client(new.application, new.secret)
        self.token = server.token(self.client)

    def send(self, method: str, url: str, **given: Any) -> Response:  # noqa: ANN401 - as httpx2 takes them
        headers = {"Authorization": f"Bearer {self.token}"} | given.pop("headers", {})
        return self.server.send(method, url, headers=headers, **given)

    def perform(
        self,
        operation: Operation[Any, Any],
        arguments: dict[str, Any],
        environment: str = "production",
        *,
        dry_run: bool = False,
    ) -> Response:
        """Send an operation as its description says."""
        outside = {name: arguments[name] for name in operation.parameters}
        rest = {name: value for name, value in arguments.items() if name not in outside}
        url = f"{ADMIN_API}/{environment}{operation.path.format(**outside)}"
        query: dict[str, Any] = {"dry_run": "true"} if dry_run else {}
        if operation.method in {"GET", "DELETE"}:
            return self.send(operation.method, url, params={**rest, **query})
        return self.send(operation.method, url, params=query, json=rest)


def operating_organization(server: InProcessServer) -> UUID:
    """Return the operating organization, made with its first owner where there is none yet."""
    environment = server.environment()
    found = organizations.find_operating(environment.context)
    if found:
        return found
    owner, _ = operators.add(
        environment.context,
        OPERATOR,
        None,
        username="olga",
        email="olga@operator.example",
        roles=check_roles(["owner"], [Mode.LIVE, Mode.TEST]),
        initial=run(initial_passwords.new_password(environment.hasher)),
        organization="The Operator",
    )
    return owner.user.org_id


def every_scope() -> list[str]:
    """Return all scopes of the Admin API."""
    return sorted(admin_scopes.NAMES)


@dataclass(frozen=True)
class Partner:
    """A partner, whose ids stand in place of those of the examples."""

    ids: dict[str | int, Any]

    def arguments(self, operation: Operation[Any, Any]) -> dict[str, Any]:
        """Return the arguments of an operation's example, about this partner."""
        return {name: self._own(value) for name, value in operation.example.items()}

    def _own(self, value: Any) -> Any:  # noqa: ANN401 - as JSON has it
        if isinstance(value, list):
            return [self._own(each) for each in value]
        return self.ids.get(value, value) if isinstance(value, str | int) else value


def partner_with_everything(server: InProcessServer, mode: Mode = Mode.LIVE) -> Partner:
    """Make a partner with a second administrator, an invitation, an application and mail."""
    environment = server.environment(mode)
    context = environment.context
    made = organization_lifecycle.create(
        context, environment.hasher, OPERATOR, "Acme Energy", "anna", "anna@acme.example"
    )
    org_id = made.organization.id
    second, _ = initial_passwords.add_with_access(
        context,
        OPERATOR,
        org_id,
        username="second",
        email="second@acme.example",
        role="admin",
        initial=run(initial_passwords.new_password(environment.hasher)),
    )
    registered = applications.register(
        context,
        environment.catalogue,
        OPERATOR,
        org_id,
        name="Billing",
        secret_end=context.now() + timedelta(days=20),
    )
    rotated = applications.register(
        context, environment.catalogue, OPERATOR, org_id, name="Two secrets"
    ).application
    secrets.rotate(context, OPERATOR, rotated.id, timedelta(days=7), None)
    key = keys.generate(
        context,
        OPERATOR,
        registered.application.id,
        None,
        name="Nightly import",
        alg="ES256",
        expires_at=context.now() + timedelta(days=20),
    ).key
    certificate = certificates.add_subject(
        context,
        OPERATOR,
        registered.application.id,
        None,
        name="Meter import",
        member="tls_client_auth_san_dns",
        value="import.acme.example",
    )
    invited = invitations.invite(context, OPERATOR, org_id, "dora@acme.example", "staff")
    [mail, *_] = context.outbox.messages("mail")
    catalogue.add_resource(context, OPERATOR, examples.RESOURCE, "Meters", "jwt")
    scope = CataloguedScope(
        examples.SCOPE,
        "Read meters",
        is_default=False,
        is_restricted=False,
        resource=examples.RESOURCE,
    )
    catalogue.add_scope(context, OPERATOR, scope)
    catalogue.add_resource(context, OPERATOR, examples.OLD_RESOURCE, "Old")
    endpoint = webhooks.add(context, OPERATOR, org_id, "https://acme.example/hooks").endpoint
    delivery = deliveries.send_test(context, OPERATOR, endpoint.id, None)
    return Partner(
        {
            examples.ORGANIZATION_ID: str(org_id),
            examples.PERSON_ID: str(second.id),
            examples.INVITATION_ID: str(invited.id),
            examples.SECRET_ID: str(registered.application.secrets[0].id),
            examples.KEY_ID: str(key.id),
            examples.CERTIFICATE_ID: str(certificate.id),
            examples.CLIENT_ID: registered.application.client_id,
            examples.KEYED_CLIENT_ID: _using_a_key(server, org_id, mode),
            examples.ROTATED_CLIENT_ID: rotated.client_id,
            examples.ROTATED_SECRET_ID: str(rotated.secrets[0].id),
            examples.ENDPOINT_ID: str(endpoint.id),
            examples.DELIVERY_ID: delivery,
            examples.MAIL_ID: mail.id,
        }
    )


def _using_a_key(server: InProcessServer, org_id: UUID, mode: Mode) -> str:
    """Register an application whose key was used, not its secret; return its client id."""
    environment = server.environment(mode)
    context = environment.context
    made = applications.register(
        context, environment.catalogue, OPERATOR, org_id, name="On its way"
    ).application
    key = keys.generate(context, OPERATOR, made.id, None, name="Key", alg="ES256").key
    with context.database.write() as connection:
        connection.execute(
            update(application_key)
            .where(application_key.c.id == key.id)
            .values(last_used_at=context.now(), last_used_from="203.0.113.7")
        )
    return made.client_id
