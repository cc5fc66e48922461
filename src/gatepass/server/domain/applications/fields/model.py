"""What an editable field is: how its value is parsed, checked, stored, shown and recorded. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from gatepass.server.domain.applications.model import Application
from gatepass.translation.message import Message
from gatepass.wire.scope import Scope

Control = Literal["text", "number", "lines", "choice", "scopes"]


def unchanged(value: Any) -> Any:  # noqa: ANN401 - the value of any field
    """Return the value: there is nothing to check."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field: how its value is parsed, checked, stored, shown and recorded.

    `name` is the attribute of `Application`, the column, the input of the portal's form and the
    keyword of `operations.change`. `parse` and `check` raise OAuthError.
    """

    name: str
    label: str
    option: str  # of `gatepass application set`
    help: str = ""
    detail: str = ""  # its name in the detail of the audit entry, unless that is `name`
    control: Control = "text"
    metavar: str = "TEXT"  # in the help of the option
    choices: tuple[tuple[str, str, str], ...] = ()  # value, label, help
    is_required: bool = False
    parse: Callable[[str], Any] = str
    check: Callable[[Any], Any] = unchanged
    text: Callable[[Any], str] = str
    column: Callable[[Any], object] = unchanged
    empty: str = ""  # recorded in place of an empty value
    unit: Literal["", "seconds"] = ""
    is_fact: bool = True  # shown on the application's page, to those as well who may not change it
    empty_fact: str = Message("Not set")  # shown there in place of an empty value


class Change(NamedTuple):
    """An application before and after a change, where a check needs more than one value."""

    before: Application
    after: Application
    allowed: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGroup:
    """Fields that change together: one form of the portal, one entry of the audit trail.

    `changed_by` are the kinds of actors for whom `operations.change` changes them. What could make
    the application less safe `needs_proof`: people prove who they are before they change it.
    """

    path: str  # of the form, below the application's page
    action: str  # of the audit entry
    activity: str  # the entry in words; may contain the details in braces
    done: str  # what the portal says afterwards
    fields: tuple[Field, ...]
    check: Callable[[Change], object] = unchanged
    changed_by: frozenset[str] = frozenset({"person", "operator"})
    needs_proof: bool = True
    is_setting: bool = False  # in the table of settings, which few applications have

    def columns(self, application: Application) -> dict[str, object]:
        """Return the values of its columns."""
        return {field.name: field.column(getattr(application, field.name)) for field in self.fields}

    def details(self, application: Application) -> dict[str, str]:
        """Return the detail of the audit entry."""
        return {
            field.detail or field.name: text_of(field, application) or field.empty
            for field in self.fields
        }


def text_of(field: Field, application: Application) -> str:
    """Return the value of a field as text; "" for none."""
    value = getattr(application, field.name)
    return "" if value is None else field.text(value)
