"""Fields for the security of tokens and of the application's requests; few have a value of them.

They are in a table of their own (`applications/settings/store`).
"""

from gatepass.jose.algorithms import ALGORITHMS
from gatepass.server.domain.applications.fields.model import Field, FieldGroup
from gatepass.server.domain.applications.fields.parsing import chosen, required_or
from gatepass.translation.message import Message

SECURITY: tuple[FieldGroup, ...] = (
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
                parse=required_or("optional"),
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
                parse=required_or("off"),
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
                parse=chosen("none", "fapi2"),
                check=chosen("none", "fapi2"),
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
                parse=chosen("none", *ALGORITHMS),
                check=chosen("none", *ALGORITHMS),
                text=str,
                empty="none",
                empty_fact=Message("As it asks"),
            ),
        ),
        is_setting=True,
        needs_proof=False,
    ),
)
