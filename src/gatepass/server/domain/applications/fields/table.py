"""The editable fields of an application, in one table.

`operations.change`, the portal's and the console's forms and `gatepass application set` read it.
"""

from gatepass.server.domain.applications.fields.general import GENERAL
from gatepass.server.domain.applications.fields.security import SECURITY

GROUPS = (*GENERAL, *SECURITY)
