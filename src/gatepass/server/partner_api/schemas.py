"""The schemas of users: their fields and allowed values."""

import re
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from gatepass.server.domain.names import named
from gatepass.server.domain.users.model import LONGEST_EMAIL, InvalidField, Role, check_email
from gatepass.server.domain.users.model import User as StoredUser

# Controls, line separators, and bidirectional formatting, which disguises a text as another.
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_NO_CONTROLS = rf"^[^{_CONTROL}]*$"
_COUNTRY = r"^[A-Z]{2}$"


def _address(text: str) -> str:
    try:
        checked = check_email(text)
    except InvalidField as refused:
        raise PydanticCustomError("email", "{say}", {"say": refused.description}) from None
    if checked != text:
        raise PydanticCustomError("email", "Give the address without space around it.")
    return text


def _line(text: str) -> str:
    found = re.search(f"[{_CONTROL}]", text)
    if found:
        raise PydanticCustomError(
            "line", "Control characters are not allowed: {named}.", {"named": named(found[0])}
        )
    return text


def _country(text: str) -> str:
    if not re.fullmatch(_COUNTRY, text):
        raise PydanticCustomError("country", "Give two capital letters (ISO 3166-1), as DE.")
    return text


Line = Annotated[
    str, Field(min_length=1, json_schema_extra={"pattern": _NO_CONTROLS}), AfterValidator(_line)
]
Short = Annotated[Line, Field(max_length=20)]
Text = Annotated[Line, Field(max_length=100)]
Long = Annotated[Line, Field(max_length=200)]
Filter = Annotated[Line, Field(max_length=LONGEST_EMAIL)]
Email = Annotated[
    str,
    Field(max_length=LONGEST_EMAIL, json_schema_extra={"format": "email"}),
    AfterValidator(_address),
]
Country = Annotated[str, Field(json_schema_extra={"pattern": _COUNTRY}), AfterValidator(_country)]


_EXAMPLE: JsonDict = {
    "email": "zoe@example.com",
    "role": "user",
    "external_user_id": "crm-4711",
    "first_name": "Zoe",
    "last_name": "Example",
    "street_and_number": "Hauptstrasse 1",
    "zip_code": "10115",
    "town": "Berlin",
    "country_iso2": "DE",
}


class _Sent(BaseModel):
    """The optional fields; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    external_user_id: Long | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    street_and_number: Long | None = None
    street_add_info: Long | None = None
    zip_code: Short | None = None
    town: Text | None = None
    country_iso2: Country | None = None


class NewUser(_Sent):
    """A user to create or replace; fields that are left out are null."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    email: Email
    role: Role


class UserChange(_Sent):
    """A change of a user (RFC 7396): fields that are left out stay, null removes.

    `email` and `role` may be left out but must not be null; their defaults are never used.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"town": "Bonn", "zip_code": None}]})

    email: Email = Field(default_factory=str)
    role: Role = Field(default_factory=lambda: "user")


class User(BaseModel):
    """A user as the API returns it."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    org_id: UUID
    email: str | None
    pending_email: str | None = Field(
        description="A new address of a user who logs in to the portal. It counts once they, or"
        " an administrator, confirm it in the portal; `email` stays in force until then."
    )
    role: Role
    external_user_id: str | None
    first_name: str | None
    last_name: str | None
    street_and_number: str | None
    street_add_info: str | None
    zip_code: str | None
    town: str | None
    country_iso2: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @classmethod
    def of(cls, user: StoredUser) -> Self:
        """Return the schema of a user."""
        return cls.model_validate(user)


class UserPage(BaseModel):
    """A page of users, oldest first; `next_cursor` is null on the last page."""

    items: list[User]
    next_cursor: str | None
