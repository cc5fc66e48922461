"""What browsers are asked for a passkey, and the check of what they answer (WebAuthn Level 3).

Options and answers are JSON as `PublicKeyCredential.toJSON()` has it. The checks are those of
py_webauthn, but for the signature counter: one that goes back is reported, and not refused.
"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from gatepass.jose.base64url import decode, encode
from gatepass.server.domain.users.factors.model import Passkey, RelyingParty
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.translation.message import Message

if TYPE_CHECKING:
    from webauthn.helpers.structs import CollectedClientData

_TIMEOUT = 5 * 60 * 1000  # milliseconds
_ES256, _EDDSA, _RS256 = -7, -8, -257
_ALGORITHMS = (_ES256, _EDDSA, _RS256)  # of COSE; authenticators of old Windows have RS256 alone
_TRANSPORTS = frozenset({"usb", "nfc", "ble", "internal", "hybrid", "smart-card", "cable"})
LONGEST_ANSWER = 16 * 1024  # characters
LONGEST_CREDENTIAL_ID = 1023  # bytes (WebAuthn §4)
REFUSED = Message("This passkey was not accepted. Try again, or use another way.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser answered: not checked yet, except that it has a credential and a challenge."""

    json: dict[str, Any]
    credential_id: bytes
    challenge: bytes
    user_handle: bytes | None


class NewPasskey(NamedTuple):
    """A credential that an authenticator has made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]


class Assertion(NamedTuple):
    """What an authenticator has proved: its counter, and whether it has verified the user."""

    sign_count: int
    is_user_verified: bool


def creation_options(
    party: RelyingParty, user: User, known: tuple[Passkey, ...], challenge: bytes
) -> str:
    """Return what `navigator.credentials.create()` is asked, as JSON."""
    return json.dumps(
        {
            "rp": {"id": party.id, "name": party.name},
            "user": {
                "id": encode(user.id.bytes),
                "name": user.username,
                "displayName": user.full_name or user.username,
            },
            "challenge": encode(challenge),
            "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in _ALGORITHMS],
            "timeout": _TIMEOUT,
            "excludeCredentials": [_descriptor(each) for each in known],
            "authenticatorSelection": {
                "residentKey": "preferred",
                "userVerification": "preferred",
            },
            "attestation": "none",
        }
    )


def request_options(
    party: RelyingParty, known: tuple[Passkey, ...], challenge: bytes, *, must_verify_user: bool
) -> str:
    """Return what `navigator.credentials.get()` is asked, as JSON; any passkey without `known`."""
    return json.dumps(
        {
            "challenge": encode(challenge),
            "timeout": _TIMEOUT,
            "rpId": party.id,
            "allowCredentials": [_descriptor(each) for each in known],
            "userVerification": "required" if must_verify_user else "preferred",
        }
    )


def read(text: str) -> Answer:
    """Return a browser's answer; raise InvalidField for anything else."""
    if len(text) > LONGEST_ANSWER:
        raise InvalidField("", REFUSED)
    try:
        answer = json.loads(text)
        response = answer["response"]
        handle = response.get("userHandle")
        return Answer(
            answer,
            _bytes(answer["rawId"]),
            _client_data(_bytes(response["clientDataJSON"])).challenge,
            _bytes(handle) if handle else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InvalidField("", REFUSED) from None


def verify_creation(party: RelyingParty, answer: Answer) -> NewPasskey:
    """Return the credential that was made; raise InvalidField for what is not acceptable.

    Does NOT check that the challenge is one of ours; see `challenges`.
    """
    from webauthn import verify_registration_response  # loaded late: it takes half a second
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    try:
        made = verify_registration_response(
            credential=answer.json,
            expected_challenge=answer.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in _ALGORITHMS],
        )
    except Exception as error:  # noqa: BLE001 - whatever a parser raises, it is refused
        raise _refused(error) from None
    if len(made.credential_id) > LONGEST_CREDENTIAL_ID:
        raise InvalidField("", REFUSED)
    named = answer.json["response"].get("transports")
    transports = {each for each in named if isinstance(each, str)} if named else set[str]()
    return NewPasskey(
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        tuple(sorted(transports & _TRANSPORTS)),
    )


def verify_assertion(
    party: RelyingParty, answer: Answer, passkey: Passkey, *, must_verify_user: bool
) -> Assertion:
    """Return what the authenticator of a passkey has proved; raise InvalidField where it has not.

    Does NOT check that the challenge is one of ours, nor the counter.
    """
    from webauthn import verify_authentication_response  # loaded late: it takes half a second

    try:
        proved = verify_authentication_response(
            credential=answer.json,
            expected_challenge=answer.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=must_verify_user,
        )
    except Exception as error:  # noqa: BLE001 - whatever a parser raises, it is refused
        raise _refused(error) from None
    return Assertion(proved.new_sign_count, proved.user_verified)


def went_back(before: int, now: int) -> bool:
    """Return whether a signature counter did not grow; those that stay 0 do not count (§6.1.1)."""
    return (before > 0 or now > 0) and now <= before


def _client_data(text: bytes) -> "CollectedClientData":
    from webauthn.helpers import parse_client_data_json  # loaded late: it takes half a second
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return parse_client_data_json(text)
    except WebAuthnException:
        raise InvalidField("", REFUSED) from None


def _refused(error: Exception) -> InvalidField:
    """Return the refusal of an answer, whose reason is for the log.

    py_webauthn raises errors of its own, but also those of the parsers below it, for what an
    attacker has made up.
    """
    refusal = InvalidField("", REFUSED)
    refusal.log_detail = f"passkey: {error}"[:200]
    return refusal


def _descriptor(passkey: Passkey) -> dict[str, object]:
    return {
        "type": "public-key",
        "id": encode(passkey.credential_id),
        "transports": list(passkey.transports),
    }


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise TypeError("not a text")
    return decode(text)
