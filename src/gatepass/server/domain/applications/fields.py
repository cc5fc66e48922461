"""The editable fields of an application, in one table.

`operations.change`, the portal's settings forms and `gatepass application set` read it. What a
field's attribute and column are is in `model` and `store`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from gatepass.jose.algorithms import ALGORITHMS
from gatepass.server.domain.applications.model import (
    Application,
    check_contact,
    check_lifetime,
    check_name,
    check_rate_limit,
    check_rate_limit_mode,
    check_scope,
)
from gatepass.server.domain.applications.networks import check_networks, format_networks
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.token_policy import LONGEST_LIFETIME, SHORTEST_LIFETIME
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

Control = Literal["text", "number", "lines", "choice", "scopes"]
_LONGEST_NUMBER = 9  # digits


def _unchanged(value: Any) -> Any:  # noqa: ANN401 - the value of any field
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
    check: Callable[[Any], Any] = _unchanged
    text: Callable[[Any], str] = str
    column: Callable[[Any], object] = _unchanged
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
    check: Callable[[Change], object] = _unchanged
    changed_by: frozenset[str] = frozenset({"person", "operator"})
    needs_proof: bool = True
    is_setting: bool = False  # in the table of settings, which few applications have

    def columns(self, application: Application) -> dict[str, object]:
        """Return the values of its columns."""
        return {field.name: field.column(getattr(application, field.name)) for field in self.fields}

    def details(self, application: Application) -> dict[str, str]:
        """Return the detail of the audit entry."""
        return {
            field.detail or field.name: _text(field, application) or field.empty
            for field in self.fields
        }


def _text(field: Field, application: Application) -> str:
    value = getattr(application, field.name)
    return "" if value is None else field.text(value)


def texts(application: Application) -> dict[str, str]:
    """Return the values of all fields as forms show them, by the fields' names."""
    return {
        field.name: _text(field, application).replace(" ", "\n")
        if field.control == "lines"
        else _text(field, application)
        for group in GROUPS
        for field in group.fields
    }


def check(
    by: Actor, application: Application, allowed: Scope, values: Mapping[str, object]
) -> tuple[Application, list[FieldGroup]]:
    """Return the application with other values, and the groups that they belong to.

    Raises OAuthError for a value that is not allowed, and for a field that `by` may not change.
    """
    groups = [group for group in GROUPS if any(field.name in values for field in group.fields)]
    if not all(by.kind in group.changed_by for group in groups):
        raise OAuthError(
            "invalid_request", Message("Only the operator changes this field."), status=403
        )
    known = [field for group in groups for field in group.fields if field.name in values]
    checked: dict[str, Any] = {field.name: field.check(values[field.name]) for field in known}
    if len(checked) < len(values):
        raise TypeError(f"not an editable field: {values.keys() - checked.keys()}")
    after = replace(application, **checked)
    for group in groups:
        group.check(Change(application, after, allowed))
    return after, groups


def _number(example: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        text = text.strip()
        if not (text.isascii() and text.isdecimal()) or len(text) > _LONGEST_NUMBER:
            raise OAuthError(
                "invalid_request",
                Message("Give a whole number, for example {example}.", example=example),
            )
        return int(text)

    return parse


def _optional(parse: Callable[[str], int]) -> Callable[[str], int | None]:
    return lambda text: parse(text) if text.strip() else None


def _check_scope(change: Change) -> None:
    """Raise OAuthError for a scope that is not allowed; one that it has may stay."""
    known = (*change.allowed.names, *change.before.scope.names)
    check_scope(change.after.scope, Scope(tuple(dict.fromkeys(known))))


def _check_rate_limit(change: Change) -> None:
    """Raise OAuthError for a mode that needs a limit, without one."""
    if change.after.rate_limit is None and change.after.rate_limit_mode != "off":
        raise OAuthError("invalid_request", Message("Give the number of tokens per hour."))


def _required_or(otherwise: str) -> Callable[[str], bool]:
    """Return what reads `required`, or the other word."""
    values = {otherwise: False, "required": True}

    def parse(text: str) -> bool:
        if text not in values:
            raise OAuthError(
                "invalid_request", Message("Choose one of {modes}.", modes=", ".join(values))
            )
        return values[text]

    return parse


def _chosen(*choices: str) -> Callable[[str | None], str | None]:
    """Return what checks a choice; the first one is to have none."""

    def check(text: str | None) -> str | None:
        if text is not None and text not in choices:
            raise OAuthError(
                "invalid_request", Message("Choose one of {modes}.", modes=", ".join(choices))
            )
        return None if text == choices[0] else text

    return check


SCOPE = FieldGroup(
    path="scope/",
    action="application.scope",
    activity=Message("Set the scope to {scope}"),
    done=Message("The scope is changed. It applies to new tokens."),
    fields=(
        Field(
            name="scope",
            label=Message("Scope"),
            option="--scope",
            help=Message("All that its new tokens may allow."),
            control="scopes",
            parse=Scope.parse,
            column=str,
        ),
    ),
    check=_check_scope,
    changed_by=frozenset({"operator"}),  # administrators: see `operations.choose_scope`
)

GROUPS: tuple[FieldGroup, ...] = (
    FieldGroup(
        path="rename/",
        action="application.renamed",
        activity=Message("Renamed an application to {name}"),
        done=Message("The application has a new name."),
        fields=(
            Field(
                name="name",
                label=Message("Name"),
                option="--name",
                is_required=True,
                is_fact=False,
                check=check_name,
            ),
        ),
        needs_proof=False,
    ),
    FieldGroup(
        path="lifetime/",
        action="application.lifetime",
        activity=Message("Set the token lifetime to {seconds} seconds"),
        done=Message("The token lifetime is changed. It applies to new tokens."),
        fields=(
            Field(
                name="token_lifetime",
                label=Message("Token lifetime"),
                option="--lifetime",
                detail="seconds",
                help=Message(
                    "From {shortest} (1 minute) to {longest} (30 days); 36000 is 10 hours. "
                    "Applies to new tokens.",
                    shortest=str(SHORTEST_LIFETIME),
                    longest=str(LONGEST_LIFETIME),
                ),
                control="number",
                unit="seconds",
                is_required=True,
                parse=_number("36000"),
                check=check_lifetime,
            ),
        ),
    ),
    FieldGroup(
        path="contact/",
        action="application.contact",
        activity=Message("Set the contact to {contact}"),
        done=Message("The contact is changed."),
        fields=(
            Field(
                name="contact",
                label=Message("Contact"),
                option="--contact",
                help=Message(
                    "Whom to inform about problems with this application, for example an email "
                    "address."
                ),
                check=check_contact,
                empty="nobody",
            ),
        ),
        needs_proof=False,
    ),
    FieldGroup(
        path="networks/",
        action="application.networks",
        activity=Message("Set the allowed source networks to {networks}"),
        done=Message("The allowed source networks are changed."),
        fields=(
            Field(
                name="networks",
                label=Message("Allowed source networks"),
                option="--network",
                help=Message(
                    "Networks or addresses that its requests may come from, for example "
                    "203.0.113.0/24. Requests from any other address are refused, as with a wrong "
                    "secret."
                ),
                control="lines",
                metavar="CIDR",
                parse=check_networks,
                text=format_networks,
                column=format_networks,
                empty="any",
                empty_fact=Message("Anywhere"),
            ),
        ),
    ),
    SCOPE,
    FieldGroup(
        path="minting/",
        action="application.minting",
        activity=Message("Set the token rate limit to {limit} an hour ({mode})"),
        done=Message("The token rate limit is changed."),
        fields=(
            Field(
                name="rate_limit_mode",
                label=Message("Token rate limit"),
                option="--rate-limit-mode",
                detail="mode",
                help=Message("Detects a program that requests a token before each call."),
                control="choice",
                choices=(
                    ("off", Message("No limit"), ""),
                    (
                        "warn",
                        Message("Warn"),
                        Message("Above the limit, tokens come with a Gatepass-Notice header."),
                    ),
                    (
                        "enforce",
                        Message("Enforce"),
                        Message(
                            "Above the limit, requests are refused (429) until the next full hour."
                        ),
                    ),
                ),
                parse=check_rate_limit_mode,
                check=check_rate_limit_mode,
                is_fact=False,
            ),
            Field(
                name="rate_limit",
                label=Message("Tokens per hour"),
                option="--rate-limit",
                detail="limit",
                control="number",
                parse=_optional(_number("100")),
                check=check_rate_limit,
                is_fact=False,
                empty="none",
            ),
        ),
        check=_check_rate_limit,
    ),
    FieldGroup(
        path="bound-tokens/",
        action="application.bound_tokens",
        activity=Message("Set tokens that are bound to a key to {bound}"),
        done=Message("The setting is changed. It applies to new tokens."),
        fields=(
            Field(
                name="dpop_bound_access_tokens",
                label=Message("Tokens bound to a key (DPoP)"),
                option="--dpop-bound",
                detail="bound",
                help=Message(
                    "A stolen token that is bound to a key is of no use: each request needs a "
                    "proof by the key, which never leaves the program."
                ),
                control="choice",
                choices=(
                    (
                        "optional",
                        Message("Optional"),
                        Message("Programs that send a DPoP proof get bound tokens."),
                    ),
                    (
                        "required",
                        Message("Required"),
                        Message("Requests for a token without a DPoP proof are refused."),
                    ),
                ),
                parse=_required_or("optional"),
                text=lambda is_required: "required" if is_required else "optional",
            ),
        ),
        is_setting=True,
    ),
    FieldGroup(
        path="certificate-bound-tokens/",
        action="application.certificate_bound_tokens",
        activity=Message("Set tokens that are bound to a certificate to {certificate_bound}"),
        done=Message("The setting is changed. It applies to new tokens."),
        fields=(
            Field(
                name="tls_client_certificate_bound_access_tokens",
                label=Message("Tokens bound to a certificate (mutual TLS)"),
                option="--certificate-bound",
                detail="certificate_bound",
                help=Message(
                    "A stolen token that is bound to a certificate is of no use: an API takes it "
                    "on a connection with this certificate alone."
                ),
                control="choice",
                choices=(
                    (
                        "off",
                        Message("Off"),
                        Message("Tokens are not bound to a certificate."),
                    ),
                    (
                        "required",
                        Message("Required"),
                        Message(
                            "Each token is bound to the certificate of its request, whatever else "
                            "authenticates the program. Requests without a certificate are refused."
                        ),
                    ),
                ),
                parse=_required_or("off"),
                text=lambda is_bound: "required" if is_bound else "off",
            ),
        ),
        is_setting=True,
    ),
    FieldGroup(
        path="profile/",
        action="application.profile",
        activity=Message("Set the security profile to {profile}"),
        done=Message("The security profile is changed. It holds from the next request on."),
        fields=(
            Field(
                name="profile",
                label=Message("Security profile"),
                option="--profile",
                help=Message(
                    "FAPI 2.0: the application authenticates with a key or a certificate, signs by "
                    "ES256, PS256 or Ed25519, and gets no token that is bound to nothing."
                ),
                control="choice",
                choices=(
                    ("none", Message("None"), Message("Secrets are accepted.")),
                    (
                        "fapi2",
                        Message("FAPI 2.0"),
                        Message("Secrets are refused, and requests for unbound tokens."),
                    ),
                ),
                parse=_chosen("none", "fapi2"),
                check=_chosen("none", "fapi2"),
                text=str,
                empty="none",
                empty_fact=Message("None"),
            ),
        ),
        is_setting=True,
    ),
    FieldGroup(
        path="introspection-responses/",
        action="application.introspection_responses",
        activity=Message("Set the algorithm of introspection responses to {algorithm}"),
        done=Message("The setting is changed. It applies to the next response."),
        fields=(
            Field(
                name="introspection_signed_response_alg",
                label=Message("Signed introspection responses"),
                option="--introspection-alg",
                detail="algorithm",
                help=Message(
                    "Responses to its introspection requests are JWTs (RFC 9701). Choose an "
                    "algorithm of which the server has a key: its metadata names them."
                ),
                control="choice",
                choices=(
                    ("none", Message("As it asks"), Message("A JWT where it accepts one.")),
                    *((each, each, Message("Always a JWT.")) for each in ALGORITHMS),
                ),
                parse=_chosen("none", *ALGORITHMS),
                check=_chosen("none", *ALGORITHMS),
                text=str,
                empty="none",
                empty_fact=Message("As it asks"),
            ),
        ),
        is_setting=True,
        needs_proof=False,
    ),
)
