"""A client of the Admin API: what operators do, for programs of the operator's own."""

from typing import TYPE_CHECKING

from gatepass.lazy_names import lazy_names

if TYPE_CHECKING:
    from gatepass.admin.client import Admin as Admin
    from gatepass.admin.client import AsyncAdmin as AsyncAdmin
    from gatepass.admin.errors import AccessDenied as AccessDenied
    from gatepass.admin.errors import Conflict as Conflict
    from gatepass.admin.errors import FieldError as FieldError
    from gatepass.admin.errors import InvalidArguments as InvalidArguments
    from gatepass.admin.errors import NotFound as NotFound
    from gatepass.admin.errors import OperationRefused as OperationRefused
    from gatepass.admin.errors import PreconditionFailed as PreconditionFailed
    from gatepass.admin.errors import ServerUnavailable as ServerUnavailable
    from gatepass.admin.errors import UnexpectedAnswer as UnexpectedAnswer
    from gatepass.admin.records import Effect as Effect
    from gatepass.admin.records import Performed as Performed
    from gatepass.admin.records import Record as Record

_MODULES = {
    "AccessDenied": ".errors",
    "Admin": ".client",
    "AsyncAdmin": ".client",
    "Conflict": ".errors",
    "Effect": ".records",
    "FieldError": ".errors",
    "InvalidArguments": ".errors",
    "NotFound": ".errors",
    "OperationRefused": ".errors",
    "Performed": ".records",
    "PreconditionFailed": ".errors",
    "Record": ".records",
    "ServerUnavailable": ".errors",
    "UnexpectedAnswer": ".errors",
}

__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)  # a command line does not pay for what it does not use
