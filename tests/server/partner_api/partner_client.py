"""A partner as the tests need one: an organization, its application, and calls with a token."""

from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import uuid4

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.operations import Registered
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organization_lifecycle import Created
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.database import Database
from gatepass.wire.metadata import PARTNER_API


@dataclass
class Partner:
    http: TestClient
    environment: Environment
    created: Created
    registered: Registered
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def org(self) -> str:
        return f"{PARTNER_API}/org/{self.created.organization.id}"

    @property
    def users(self) -> str:
        return f"{self.org}/users"

    @property
    def administrator(self) -> str:
        return f"{self.users}/{self.created.administrator.id}"

    def token(self, scope: str = "read write") -> str:
        if scope not in self.tokens:
            response = self.http.post(
                "/oauth2/token/",
                data={"grant_type": "client_credentials", "scope": scope},
                auth=(self.registered.application.client_id, self.registered.secret.value),
            )
            self.tokens[scope] = response.json()["access_token"]
        return self.tokens[scope]

    def call(
        self,
        method: str,
        path: str,
        scope: str = "read write",
        **given: Any,  # noqa: ANN401 - whatever the client takes
    ) -> Response:
        headers = {"Authorization": f"Bearer {self.token(scope)}", **given.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **given)

    def add_user(self, **given: object) -> dict[str, Any]:
        sent = {"email": f"{uuid4().hex}@example.com", "role": "user", **given}
        response = self.call("POST", self.users, json=sent)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created


def join(http: TestClient, environment: Environment, name: str = "Acme Energy") -> Partner:
    username = f"anna-{uuid4().hex[:12]}"
    created = organization_lifecycle.create(
        environment.context, environment.hasher, OPERATOR, name, username
    )
    org_id = created.organization.id
    registered = applications.register(
        environment.context, environment.catalogue, OPERATOR, org_id, name="billing"
    )
    return Partner(http, environment, created, registered)


def use_database(partner: Partner, monkeypatch: pytest.MonkeyPatch, database: object) -> None:
    """Have the server use another database from now on, or what is none."""
    environment = partner.environment
    changed = replace(environment.context, database=cast("Database", database))
    monkeypatch.setattr(environment, "context", changed)
    monkeypatch.setattr(environment, "database", database)
