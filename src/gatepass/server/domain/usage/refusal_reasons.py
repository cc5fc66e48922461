"""Why a request was refused, as one word of a closed list: to count by, and to act on."""

from typing import NamedTuple

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError


class Reason(NamedTuple):
    """What a reason is called, and what the application's owner can do about it."""

    words: str
    todo: str


REASONS = {
    "wrong_secret": Reason(
        Message("Wrong secret"),
        Message(
            "Compare the secret's last four characters with those on the application's page. If "
            "none are named here, what came is no whole secret of Gatepass: a part is missing, or "
            "it belongs to another program. If it is lost or old, rotate the secret."
        ),
    ),
    "expired_secret": Reason(
        Message("Expired secret"),
        Message("A program still uses the secret from before a rotation. Give it the new one."),
    ),
    "no_secret": Reason(
        Message("No secret"),
        Message("The request had a client id but no client secret. Send both by HTTP Basic."),
    ),
    "no_credentials": Reason(
        Message("No credentials"),
        Message("Send the client id and the client secret by HTTP Basic."),
    ),
    "other_environment": Reason(
        Message("Credential of the other environment"),
        Message(
            "Sandbox and production have credentials of their own. Use the ones of the environment "
            "whose address the program calls."
        ),
    ),
    "unknown_client": Reason(
        Message("Unknown client"),
        Message(
            "A program sent a client id that no application has, and that differs from this one's "
            "by one or two characters. Copy the client id from the application's page."
        ),
    ),
    "disabled": Reason(
        Message("Application disabled"),
        Message("An administrator disabled the application. Enable it on its page."),
    ),
    "suspended": Reason(
        Message("Organization suspended"),
        Message("The operator suspended the organization. Contact the operator."),
    ),
    "network": Reason(
        Message("Network not allowed"),
        Message(
            "The request came from outside the application's networks. Send it from inside, or add "
            "the network in the application's settings."
        ),
    ),
    "too_many_failures": Reason(
        Message("Too many failures"),
        Message(
            "One source failed too often and has to wait. Stop the program, fix its credentials, "
            "and start it again."
        ),
    ),
    "rate_limit": Reason(
        Message("Token rate limit exceeded"),
        Message(
            "Keep a token and use it until it expires, instead of requesting one before each call."
        ),
    ),
    "no_key": Reason(
        Message("No key"),
        Message(
            "A program signed its request, and the application has no key. Add its public key on "
            "the application's page, or send the client id and the client secret by HTTP Basic."
        ),
    ),
    "unknown_key": Reason(
        Message("Unknown key"),
        Message(
            "The assertion names a key (kid) that the application does not have. Add its public "
            "key on the application's page, or sign with one that is listed there."
        ),
    ),
    "wrong_key": Reason(
        Message("Wrong key"),
        Message(
            "The signature does not fit the key. Compare the key's thumbprint with the one on the "
            "application's page, and the algorithm."
        ),
    ),
    "unnamed_key": Reason(
        Message("Key not named"),
        Message(
            "The assertion names no key (kid), and more than three of the application's keys fit. "
            "Without a name the three oldest are tried. Name the key, or revoke unused ones."
        ),
    ),
    "expired_key": Reason(
        Message("Expired key"),
        Message("A program still signs with a key that has ended. Give it the new one."),
    ),
    "profile_secret": Reason(
        Message("Secret not accepted"),
        Message(
            "The profile fapi2 holds for the application, and a program sent a client secret. "
            "Give the program a key, and add the public key on the application's page."
        ),
    ),
    "profile_algorithm": Reason(
        Message("Algorithm not accepted"),
        Message(
            "The profile fapi2 holds for the application: its program has to sign by ES256, PS256 "
            "or Ed25519."
        ),
    ),
    "assertion_replayed": Reason(
        Message("Assertion used twice"),
        Message(
            "Each request needs an assertion of its own, with a new jti. If the program makes one "
            "each time, somebody else has sent a copy."
        ),
    ),
    "assertion_clock": Reason(
        Message("Wrong clock"),
        Message(
            "The assertion had expired, or is from the future. Set the clock of the program's "
            "machine by NTP."
        ),
    ),
    "assertion_lifetime": Reason(
        Message("Assertion valid for too long"),
        Message("Set exp at most 10 minutes from now; one minute is enough."),
    ),
    "assertion_audience": Reason(
        Message("Wrong audience"),
        Message(
            "Set aud to the issuer, as one text, exactly as the metadata has it. For a program "
            "that can only send the address of the token endpoint, allow that for the application."
        ),
    ),
    "assertion_malformed": Reason(
        Message("Malformed assertion"),
        Message(
            "The assertion is not a JWT as RFC 7523 has it. iss and sub are the client id; aud, "
            "exp and jti are required."
        ),
    ),
    "dpop_missing": Reason(
        Message("No DPoP proof"),
        Message(
            "The application's tokens are bound to a key, and a program asked for one without a "
            "proof. Turn on DPoP in the program, or change that setting of the application."
        ),
    ),
    "dpop_malformed": Reason(
        Message("Malformed DPoP proof"),
        Message(
            "The DPoP header is not one JWT as RFC 9449 has it: typ is dpop+jwt, jwk is the public "
            "key, and jti, htm, htu and iat are required. See error_description in the response."
        ),
    ),
    "dpop_key": Reason(
        Message("Key of the DPoP proof not accepted"),
        Message(
            "The DPoP proof has a key that is not accepted: a private one, too weak a one, or one "
            "of an unknown kind. Use a key on P-256."
        ),
    ),
    "dpop_signature": Reason(
        Message("Wrong signature of the DPoP proof"),
        Message(
            "The signature of the DPoP proof does not fit the key in it. Sign with the private key "
            "of that pair, and name the right algorithm."
        ),
    ),
    "dpop_method": Reason(
        Message("DPoP proof for another method"),
        Message("Set htm of the DPoP proof to the method of the request: POST for a token."),
    ),
    "dpop_url": Reason(
        Message("DPoP proof for another address"),
        Message(
            "Set htu of the DPoP proof to the address of the token endpoint, exactly as the "
            "metadata has it."
        ),
    ),
    "dpop_time": Reason(
        Message("Wrong clock"),
        Message(
            "The DPoP proof is older than a minute, or from the future. Make one for each request, "
            "and set the clock of the program's machine by NTP."
        ),
    ),
    "dpop_replay": Reason(
        Message("DPoP proof used twice"),
        Message(
            "Each request needs a DPoP proof of its own, with a new jti. If the program makes one "
            "each time, somebody else has sent a copy."
        ),
    ),
    "dpop_nonce": Reason(
        Message("DPoP nonce missing or old"),
        Message(
            "The program has to send the request again, with the nonce of the header DPoP-Nonce in "
            "a new proof. Most libraries do so themselves."
        ),
    ),
    "dpop_token": Reason(
        Message("DPoP proof for another token"),
        Message("Set ath of the DPoP proof to the SHA-256 digest of the token, in base64url."),
    ),
    "dpop_binding": Reason(
        Message("Token bound to another key"),
        Message(
            "Send a token with a DPoP proof by the key that it was bound to when it was issued. If "
            "the program does so, somebody else may have its token: revoke it."
        ),
    ),
    "dpop_gateway": Reason(
        Message("Bound token at a gateway that takes none"),
        Message(
            "The gateway in front of the API does not say which request a proof is for. Ask the "
            "company whose API it is to set its gateway up for tokens that are bound to a key."
        ),
    ),
    "certificate_missing": Reason(
        Message("No certificate sent"),
        Message(
            "The application's tokens are bound to a client certificate, and a program asked for "
            "one without. Give it the certificate, or change that setting of the application."
        ),
    ),
    "no_certificate": Reason(
        Message("No certificate registered"),
        Message(
            "A program sent its client id over TLS with a certificate, and the application has "
            "none. Add the certificate on the application's page, or send the client id and the "
            "client secret by HTTP Basic."
        ),
    ),
    "wrong_certificate": Reason(
        Message("Wrong certificate"),
        Message(
            "The program used another certificate than those of the application. Compare its "
            "thumbprint (x5t#S256) and its subject with what the application's page lists."
        ),
    ),
    "certificate_not_validated": Reason(
        Message("Certificate of no known authority"),
        Message(
            "The subject is right, but the operator's servers do not trust the authority that "
            "issued the certificate. Ask the operator which authorities are trusted, or add the "
            "certificate itself on the application's page."
        ),
    ),
    "expired_certificate": Reason(
        Message("Expired certificate"),
        Message("Renew the certificate, or set the clock of the machine where it was made."),
    ),
    "certificate_malformed": Reason(
        Message("Unreadable certificate"),
        Message("The certificate of the connection cannot be read. Make another one."),
    ),
    "rotation_off": Reason(
        Message("Automatic rotation is off"),
        Message(
            "A program wanted to rotate the secret itself. Turn on automatic rotation for the "
            "application, or stop the program's schedule."
        ),
    ),
    "rotation_not_now": Reason(
        Message("Rotation not possible"),
        Message(
            "A program wanted to rotate the secret, and it was too early, or another rotation is "
            "not finished. See the page of automatic rotation, and error_description in the "
            "response."
        ),
    ),
    "scope_not_allowed": Reason(
        Message("Scope not allowed"),
        Message("Request only scopes that the application's page lists, or send no scope at all."),
    ),
    "resource_not_allowed": Reason(
        Message("Unknown resource"),
        Message("Send the identifier of a resource of this server, or no resource."),
    ),
    "grant_type": Reason(
        Message("Wrong grant type"),
        Message("The program has to use the grant type client_credentials."),
    ),
    "token": Reason(Message("Token not accepted"), Message("Get a new token and try again.")),
    "malformed": Reason(
        Message("Malformed request"),
        Message("The request is not a valid token request. See error_description in the response."),
    ),
    "unavailable": Reason(
        Message("Not available"),
        Message("The service was not available. Nothing is wrong with the request."),
    ),
    "other": Reason(
        Message("Refused"),
        Message("See error_description in the response that the program received."),
    ),
}

_OF_CODE = {
    "invalid_request": "malformed",
    "invalid_client": "no_credentials",
    "unsupported_grant_type": "grant_type",
    "unauthorized_client": "grant_type",
    "invalid_scope": "scope_not_allowed",
    "invalid_target": "resource_not_allowed",
    "invalid_token": "token",
    "invalid_dpop_proof": "dpop_malformed",
    "use_dpop_nonce": "dpop_nonce",
    "insufficient_scope": "scope_not_allowed",
    "temporarily_unavailable": "unavailable",
}


def of(refused: OAuthError) -> str:
    """Return the reason of a refusal: its own where it is a known one, or that of its code."""
    if refused.reason in REASONS:
        return refused.reason
    return _OF_CODE.get(refused.code, "other")
