"""The sections of the console, and the roles that see them."""

from typing import NamedTuple

from gatepass.server.admin.operations.model import ACCOUNT_MANAGER, EITHER, OWNER, SECURITY, Role
from gatepass.translation.message import Message

__all__ = ["ACCOUNT_MANAGER", "EITHER", "OWNER", "SECTIONS", "SECURITY", "Section"]


class Section(NamedTuple):
    """A part of the console, below the path of an environment."""

    path: str
    words: Message
    roles: frozenset[Role]
    is_of_production: bool = False
    """Whether it is in production alone, as what it shows is kept there."""


SECTIONS = (
    Section("", Message("Overview"), EITHER),
    Section("organizations/", Message("Organizations"), EITHER),
    Section("expiring-secrets/", Message("Expiring credentials"), EITHER),
    Section("policy/", Message("Policy"), EITHER),
    Section("webhooks/", Message("Webhooks"), EITHER),
    Section("catalogue/", Message("Catalogue"), EITHER),
    Section("keys/", Message("Keys"), SECURITY),
    Section("audit/", Message("Audit trail"), SECURITY),
    Section("operators/", Message("Operators"), OWNER, is_of_production=True),
    Section("api-applications/", Message("API access"), OWNER, is_of_production=True),
    Section("system/", Message("System"), EITHER),
)
