"""Every operation, by its name."""

from typing import Any

from gatepass.server.admin.operations import organizations
from gatepass.server.admin.operations.applications import (
    certificates,
    credentials,
    methods,
    settings,
)
from gatepass.server.admin.operations.applications import keys as application_keys
from gatepass.server.admin.operations.applications import reading as applications
from gatepass.server.admin.operations.catalogue import resources, scopes
from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.people import access, invitations
from gatepass.server.admin.operations.people import reading as people
from gatepass.server.admin.operations.policies import changes as policies
from gatepass.server.admin.operations.system import audit, audit_proof, guards, health, keys, mail
from gatepass.server.admin.operations.usage import counts, expiring, refusals, secrets
from gatepass.server.admin.operations.webhooks import deliveries, endpoints

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    *organizations.OPERATIONS,
    *policies.OPERATIONS,
    *people.OPERATIONS,
    *access.OPERATIONS,
    *invitations.OPERATIONS,
    *applications.OPERATIONS,
    *settings.OPERATIONS,
    *credentials.OPERATIONS,
    *application_keys.OPERATIONS,
    *certificates.OPERATIONS,
    *methods.OPERATIONS,
    *counts.OPERATIONS,
    *refusals.OPERATIONS,
    *secrets.OPERATIONS,
    *expiring.OPERATIONS,
    *resources.OPERATIONS,
    *scopes.OPERATIONS,
    *endpoints.OPERATIONS,
    *deliveries.OPERATIONS,
    *keys.OPERATIONS,
    *audit.OPERATIONS,
    *audit_proof.OPERATIONS,
    *mail.OPERATIONS,
    *guards.OPERATIONS,
    *health.OPERATIONS,
)
BY_NAME = {each.name: each for each in OPERATIONS}
REMOTE = tuple(each for each in OPERATIONS if each.is_remote)
"""Those of the Admin API."""
