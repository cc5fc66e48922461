"""Every operation, by its name."""

from typing import Any

from gatepass.server.admin.operations import organizations
from gatepass.server.admin.operations.model import Operation

OPERATIONS: tuple[Operation[Any, Any], ...] = (*organizations.OPERATIONS,)
BY_NAME = {each.name: each for each in OPERATIONS}
REMOTE = tuple(each for each in OPERATIONS if each.is_remote)
"""Those of the Admin API."""
