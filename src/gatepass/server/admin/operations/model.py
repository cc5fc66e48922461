"""What describes an operation: its name, who may do it, what goes in and out, and what it stops."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
)

from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.context import Context
from gatepass.server.domain.users.initial_passwords import InitialPassword
from gatepass.server.domain.users.model import InvalidField
from gatepass.server.environment.environment import Environment
from gatepass.server.portal import redirects
from gatepass.translation.message import Message

Role = Literal["account_manager", "security", "owner"]
Access = Literal["read", "write"]
Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

ACCOUNT_MANAGER: frozenset[Role] = frozenset({"account_manager"})
SECURITY: frozenset[Role] = frozenset({"security"})
EITHER: frozenset[Role] = ACCOUNT_MANAGER | SECURITY
OWNER: frozenset[Role] = frozenset()
"""Who may do an operation beside an owner, who may do each."""

LARGEST_PAGE = 200
_LONGEST_LINE = 1000
_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


class Arguments(BaseModel):
    """What an operation gets; a field that is not described is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Result(BaseModel):
    """What an operation returns."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Page(Arguments):
    """Which page of a list is wanted: the first, or the one at a `cursor` that a page had."""

    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="objects of a page")] = 50
    cursor: Annotated[
        str, Field(max_length=200, description="`next_cursor` of the page before, as it was given")
    ] = ""


def _secret(text: str | None) -> str | None:
    return text


SecretText = Annotated[
    str | None,
    AfterValidator(_secret),
    Field(repr=False, json_schema_extra={"x-secret": True}),
]
"""A secret that is returned once: it is null in a dry run."""

Position = TypeVar("Position")


def position_of(cursor: str, read: Callable[[str], Position]) -> Position:
    """Return the position of a cursor; raise OAuthError for what no page has given."""
    try:
        return read(cursor)
    except ValueError:
        raise InvalidField(
            "cursor", Message("This is not a cursor that a page has given.")
        ) from None


def _iso(value: object) -> object:
    """Return a moment or its text; raise ValueError for a number, and for any other text."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and _ISO.match(value)):
        raise ValueError("Give a moment as 2026-11-29T10:40:00Z.")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_iso)]
"""A moment (RFC 3339) that a caller gives; as a number it would be read in one place only."""

Line = Annotated[str, Field(max_length=_LONGEST_LINE)]
"""A text of one line; the operation has the rule."""


class Nothing(Result):
    """What an operation returns that has nothing to say."""


class Effect(NamedTuple):
    """What an operation stops or changes beyond its own object: in words, and in numbers."""

    is_reversible: bool
    sentences: tuple[Message, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that is being performed: where, and for whom.

    `context` is that of the environment, without a refresh: what is changed is not yet committed.
    `initial` is the initial password of an operation that `needs_password`. `on_machine`: it is a
    command on the server's machine, which has what belongs to the operator in reach.
    """

    environment: Environment
    context: Context
    by: Actor
    initial: InitialPassword | None = field(default=None, repr=False)
    on_machine: bool = False

    @property
    def login_url(self) -> str:
        """Return where the people of the environment log in."""
        return self.environment.issuer + redirects.LOGIN

    def initial_password(self) -> InitialPassword:
        """Return the initial password, which was hashed before the transaction began."""
        if self.initial is None:
            raise AssertionError("the operation does not say that it needs a password")
        return self.initial


Input = TypeVar("Input", bound=Arguments)
Output = TypeVar("Output", bound=Result)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Input, Output]):
    """One thing that operators do.

    `name` is an object and a verb, as `organization.suspend`. `area` names the scopes of the Admin
    API. `path` is below that of an environment; its parameters are fields of `input`, which has
    the query's parameters (GET) or the body's members besides. `reads` is the operation that
    returns what this one changes: `If-Match` is compared with its ETag. One that is not `is_remote`
    is not in the Admin API: it is done in the console or on the machine itself. `example` and
    `answer` are arguments and a result, for the reference.
    """

    name: str
    area: str
    roles: frozenset[Role]
    method: Method
    path: str
    input: type[Input]
    output: type[Output]
    run: Callable[[Call, Input], Output]
    summary: str
    description: str = ""
    effect: Callable[[Call, Input], Effect] | None = None
    reads: "Operation[Any, Any] | None" = None
    needs_password: Callable[[Input], bool] | None = None
    status: int = 200
    is_remote: bool = True
    example: Mapping[str, object] = field(default_factory=dict)
    answer: Mapping[str, object] = field(default_factory=dict)

    @property
    def access(self) -> Access:
        """Return whether it only reads."""
        return "read" if self.method == "GET" else "write"

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the fields of the arguments that are in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    def allows(self, roles: frozenset[Role]) -> bool:
        """Return whether somebody with these roles may do it."""
        return "owner" in roles or not self.roles.isdisjoint(roles)

    def scope(self, environment: str) -> str:
        """Return the scope that an application needs for it in an environment."""
        return f"{environment}:{self.area}:{self.access}"
