"""Fields that each application has a value of: its name, its tokens, and who is told of it.

What a field's attribute and column are is in `applications/model` and `applications/store`.
"""

from gatepass.server.domain.applications.fields.model import Change, Field, FieldGroup
from gatepass.server.domain.applications.fields.parsing import number, optional
from gatepass.server.domain.applications.model import (
    check_contact,
    check_lifetime,
    check_name,
    check_rate_limit,
    check_rate_limit_mode,
    check_scope,
)
from gatepass.server.domain.applications.networks import check_networks, format_networks
from gatepass.server.domain.token_policy import LONGEST_LIFETIME, SHORTEST_LIFETIME
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope


def _check_scope(change: Change) -> None:
    """Raise OAuthError for a scope that is not allowed; one that it has may stay."""
    known = (*change.allowed.names, *change.before.scope.names)
    check_scope(change.after.scope, Scope(tuple(dict.fromkeys(known))))


def _check_rate_limit(change: Change) -> None:
    """Raise OAuthError for a mode that needs a limit, without one."""
    if change.after.rate_limit is None and change.after.rate_limit_mode != "off":
        raise OAuthError("invalid_request", Message("Give the number of tokens per hour."))


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

GENERAL: tuple[FieldGroup, ...] = (
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
                parse=number("36000"),
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
                parse=optional(number("100")),
                check=check_rate_limit,
                is_fact=False,
                empty="none",
            ),
        ),
        check=_check_rate_limit,
    ),
)
