"""Why a request was refused, as one word of a closed list: to count by, and to act on."""

from typing import NamedTuple

from gatepass.wire.errors import OAuthError


class Reason(NamedTuple):
    """What a reason is called, and what the application's owner can do about it."""

    words: str
    todo: str


REASONS = {
    "wrong_secret": Reason(
        "Wrong secret",
        "Compare the secret's last four characters with those on the application's page. If none "
        "are named here, what came is no whole secret of Gatepass: a part is missing, or it "
        "belongs to another program. If it is lost or old, rotate the secret.",
    ),
    "expired_secret": Reason(
        "Expired secret",
        "A program still uses the secret from before a rotation. Give it the new one.",
    ),
    "no_secret": Reason(
        "No secret", "The request had a client id but no client secret. Send both by HTTP Basic."
    ),
    "no_credentials": Reason(
        "No credentials", "Send the client id and the client secret by HTTP Basic."
    ),
    "other_environment": Reason(
        "Credential of the other environment",
        "Sandbox and production have credentials of their own. Use the ones of the environment "
        "whose address the program calls.",
    ),
    "unknown_client": Reason(
        "Unknown client",
        "A program sent a client id that no application has, and that differs from this one's by "
        "one or two characters. Copy the client id from the application's page.",
    ),
    "disabled": Reason(
        "Application disabled",
        "An administrator disabled the application. Enable it on its page.",
    ),
    "suspended": Reason(
        "Organization suspended", "The operator suspended the organization. Contact the operator."
    ),
    "network": Reason(
        "Network not allowed",
        "The request came from outside the application's networks. Send it from inside, or add "
        "the network in the application's settings.",
    ),
    "too_many_failures": Reason(
        "Too many failures",
        "One source failed too often and has to wait. Stop the program, fix its credentials, "
        "and start it again.",
    ),
    "rate_limit": Reason(
        "Token rate limit exceeded",
        "Keep a token and use it until it expires, instead of requesting one before each call.",
    ),
    "rotation_off": Reason(
        "Automatic rotation is off",
        "A program wanted to rotate the secret itself. Turn on automatic rotation for the "
        "application, or stop the program's schedule.",
    ),
    "rotation_not_now": Reason(
        "Rotation not possible",
        "A program wanted to rotate the secret, and it was too early, or another rotation is not "
        "finished. See the page of automatic rotation, and error_description in the response.",
    ),
    "scope_not_allowed": Reason(
        "Scope not allowed",
        "Request only scopes that the application's page lists, or send no scope at all.",
    ),
    "resource_not_allowed": Reason(
        "Unknown resource", "Send the identifier of a resource of this server, or no resource."
    ),
    "grant_type": Reason(
        "Wrong grant type", "The program has to use the grant type client_credentials."
    ),
    "token": Reason("Token not accepted", "Get a new token and try again."),
    "malformed": Reason(
        "Malformed request",
        "The request is not a valid token request. See error_description in the response.",
    ),
    "unavailable": Reason(
        "Not available", "The service was not available. Nothing is wrong with the request."
    ),
    "other": Reason("Refused", "See error_description in the response that the program received."),
}

_OF_CODE = {
    "invalid_request": "malformed",
    "invalid_client": "no_credentials",
    "unsupported_grant_type": "grant_type",
    "unauthorized_client": "grant_type",
    "invalid_scope": "scope_not_allowed",
    "invalid_target": "resource_not_allowed",
    "invalid_token": "token",
    "insufficient_scope": "scope_not_allowed",
    "temporarily_unavailable": "unavailable",
}


def of(refused: OAuthError) -> str:
    """Return the reason of a refusal: its own where it is a known one, or that of its code."""
    if refused.reason in REASONS:
        return refused.reason
    return _OF_CODE.get(refused.code, "other")
