"""What a change of an application's settings, keys or certificates stops."""

from gatepass.server.admin.operations import partners
from gatepass.server.admin.operations.applications.certificate_model import OneCertificate
from gatepass.server.admin.operations.applications.key_model import KeyChange, KeySettingChange
from gatepass.server.admin.operations.applications.model import (
    ApplicationChange,
    NewAutomaticRotation,
    NewRateLimit,
    NewSecretEnd,
)
from gatepass.server.admin.operations.effects import issued_to
from gatepass.server.admin.operations.model import Call, Effect
from gatepass.server.domain.applications.keys import operations as application_keys
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.tokens.profile import FAPI2
from gatepass.translation.message import Message
from gatepass.wire.networks import allows

_MOST_NAMED = 3  # addresses
_NOTHING = Message("Nothing stops.")


def of_change(call: Call, new: ApplicationChange) -> Effect:
    """Return from where requests would be refused by new networks."""
    found = partners.application(call, new.client_id)
    sentences: list[Message] = []
    outside: list[str] = []
    if new.networks:
        networks = check_networks(" ".join(new.networks))
        used = _sources(call, found)
        outside = [each for each in used if not allows(networks, each)]
        sentences = [_said_of(outside, used)]
    if new.token_lifetime is not None and new.token_lifetime != found.token_lifetime:
        sentences.append(Message("Tokens that it has keep their lifetime."))
    if new.dpop_bound_access_tokens and not found.dpop_bound_access_tokens:
        sentences.append(Message("Its programs that send no DPoP proof get no new token."))
    if new.profile == FAPI2 and found.profile != FAPI2:
        sentences.append(
            Message("Its secrets are refused, and requests for tokens that are bound to nothing.")
        )
    is_bound = new.tls_client_certificate_bound_access_tokens
    if is_bound and not found.tls_client_certificate_bound_access_tokens:
        sentences.append(Message("Its programs that show no certificate get no new token."))
    alg = new.introspection_signed_response_alg
    if alg not in {None, "none", found.introspection_signed_response_alg}:
        sentences.append(
            Message("Its programs that read introspection responses as JSON cannot read the JWTs.")
        )
    counts = {"addresses_outside": len(outside)}
    return Effect(True, tuple(sentences) or (_NOTHING,), counts)


def of_rate_limit(call: Call, new: NewRateLimit) -> Effect:
    """Return what a token rate limit refuses, measured by the last hour."""
    issued = issued_to(call, partners.application(call, new.client_id).id)
    past = max(issued - (new.limit or 0), 0) if new.mode != "off" and new.limit else 0
    sentences = [
        Message.plural(
            "{count} access token was issued in the last hour.",
            "{count} access tokens were issued in the last hour.",
            issued,
        )
    ]
    if past and new.mode == "enforce":
        sentences.append(
            Message.plural(
                "With this limit, {count} of these requests would have been refused.",
                "With this limit, {count} of these requests would have been refused.",
                past,
            )
        )
    elif past:
        sentences.append(
            Message.plural(
                "With this limit, {count} of these would have come with a warning.",
                "With this limit, {count} of these would have come with a warning.",
                past,
            )
        )
    else:
        sentences.append(_NOTHING)
    return Effect(True, tuple(sentences), {"tokens_in_the_last_hour": issued, "past_limit": past})


def of_rotation_setting(call: Call, new: NewAutomaticRotation) -> Effect:
    """Return what turning automatic rotation on or off means for programs."""
    partners.application(call, new.client_id)
    if new.is_on:
        sentence = Message("Whoever has its current secret can replace it.")
    else:
        sentence = Message(
            "Its program cannot replace the secret any more: people rotate it before it ends."
        )
    return Effect(True, (sentence,), {})


def of_secret_end(call: Call, new: NewSecretEnd) -> Effect:
    """Return what stops when a secret ends."""
    found = partners.application(call, new.client_id)
    issued = issued_to(call, found.id)
    live = found.live_secrets(call.context.now())
    others = [each for each in live if each.id != new.secret_id]
    sentences = [
        Message.plural(
            "{count} access token was issued in the last hour; tokens stay valid.",
            "{count} access tokens were issued in the last hour; tokens stay valid.",
            issued,
        )
    ]
    if new.expires_at is not None and not others:
        sentences.append(
            Message(
                "It is the only secret: after its end the program gets no tokens until somebody "
                "rotates it."
            )
        )
    elif new.expires_at is not None:
        sentences.append(Message("Programs that still have it get no tokens after its end."))
    counts = {"tokens_in_the_last_hour": issued, "other_live_secrets": len(others)}
    return Effect(True, tuple(sentences), counts)


def of_key_change(call: Call, new: KeyChange) -> Effect:
    """Return what stops when a key gets an end."""
    if new.expires_at is None:
        return Effect(True, (_NOTHING,), {})
    found = partners.application(call, new.client_id)
    live = methods.find(call.context, found)
    keys = sum(each.kind == "key" and each.id != new.key_id for each in live.others)
    sentences = (
        Message("Programs that sign with this key get no tokens after its last day."),
        Message.plural("{count} other key works.", "{count} other keys work.", keys),
        Message.plural("{count} secret works.", "{count} secrets work.", len(live.secrets)),
    )
    return Effect(True, sentences, {"other_live_keys": keys, "live_secrets": len(live.secrets)})


def of_key_setting(call: Call, new: KeySettingChange) -> Effect:
    """Return what stops when keys are published elsewhere, or older audiences are refused."""
    found = partners.application(call, new.client_id)
    keys, before = application_keys.of_application(call.context, found)
    sentences: list[Message] = []
    if before.jwks_uri and new.jwks_uri not in {None, before.jwks_uri}:
        sentences.append(
            Message("Keys that are published at the address until now are not accepted any more.")
        )
    if before.legacy_audience and new.legacy_audience is False:
        sentences.append(
            Message("Programs that send the address of the endpoint as audience get no tokens.")
        )
    live = sum(each.is_live(call.context.now()) for each in keys)
    return Effect(True, tuple(sentences) or (_NOTHING,), {"live_keys": live})


def of_removed_certificate(call: Call, one: OneCertificate) -> Effect:
    """Return what stops when one certificate, or the subject of one, is removed."""
    found = partners.application(call, one.client_id)
    others = [
        each for each in methods.find(call.context, found).others if each.id != one.certificate_id
    ]
    left = sum(each.kind == "certificate" for each in others)
    keys, secrets_left = len(others) - left, len(found.live_secrets(call.context.now()))
    sentences = (
        Message("Programs that authenticate with this certificate get no tokens."),
        Message.plural(
            "{count} other certificate works.", "{count} other certificates work.", left
        ),
        Message.plural("{count} key keeps working.", "{count} keys keep working.", keys),
        Message.plural("{count} secret works.", "{count} secrets work.", secrets_left),
    )
    counts = {"live_certificates_left": left, "live_keys": keys, "live_secrets": secrets_left}
    return Effect(False, sentences, counts)


def _sources(call: Call, found: Application) -> list[str]:
    """Return from where its secrets were used in the last 90 days, the last first."""
    last = [each.last_used_from for each in found.secrets if each.last_used_from]
    past = [each.source for each in secrets.past_uses(call.context, found, call.context.now())]
    return list(dict.fromkeys([*last, *past]))


def _said_of(outside: list[str], used: list[str]) -> Message:
    if outside:
        return Message.plural(
            "{count} address from which its secrets were used in the last 90 days is outside of "
            "these networks, and is refused: {named}.",
            "{count} addresses from which its secrets were used in the last 90 days are outside of "
            "these networks, and are refused: {named}.",
            len(outside),
            named=", ".join(outside[:_MOST_NAMED]) + (" …" if len(outside) > _MOST_NAMED else ""),
        )
    if used:
        return Message.plural(
            "{count} address from which its secrets were used in the last 90 days is inside.",
            "All {count} addresses from which its secrets were used in the last 90 days are "
            "inside.",
            len(used),
        )
    return Message("Its secrets were not used in the last 90 days.")
