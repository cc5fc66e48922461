"""The paths of the endpoints, and the metadata documents that list them (RFC 8414, RFC 9728)."""

from collections.abc import Sequence
from urllib.parse import urlsplit

OAUTH2 = "/oauth2/"
TOKEN = "/oauth2/token/"  # noqa: S105 - a path
REVOKE = "/oauth2/revoke_token/"
INTROSPECT = "/oauth2/introspect/"
ROTATE_SECRET = "/oauth2/rotate_secret/"  # noqa: S105 - a path
VERIFY = "/oauth2/verify/"
VERIFY_NGINX = "/oauth2/verify/nginx/"
VERIFY_ENVOY = "/oauth2/verify/envoy/"  # followed by environment, requirement and any path
REVOCATIONS = "/oauth2/revocations/"
REPORT_LEAK = "/oauth2/report_leak/"
GITHUB_ALERTS = "/oauth2/report_leak/github/"
JWKS = "/.well-known/jwks.json"
AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
OPENID_CONFIGURATION = "/.well-known/openid-configuration"  # the only one that some clients read
PARTNER_API = "/api/partners/v2.0"
ADMIN_API = "/api/admin/v1"
CREDENTIAL_MARK = "gatepass_credential_mark"  # a name in the metadata: "live" or "test"

_SECRET_METHODS = ["client_secret_basic", "client_secret_post"]


def authorization_server(
    issuer: str,
    scopes: list[str],
    mode: str,
    algorithms: Sequence[str] = (),
    assertion_algorithms: Sequence[str] = (),
    certificate_methods: Sequence[str] = (),
    *,
    has_secrets: bool = True,
) -> dict[str, object]:
    """Return the authorization server's metadata (RFC 8414 §2).

    `mode` is that of the credentials valid here, so that a client can detect a mix-up.
    `algorithms` are those that sign JWTs, of introspection too (RFC 9701 §7),
    `assertion_algorithms` those that clients may sign with to authenticate (`private_key_jwt`), and
    `certificate_methods` how they may authenticate with a certificate (RFC 8705 §2.1.1, §2.2.1),
    to which tokens may then be bound (§3.3);
    without any they need a secret. `has_secrets`: they may have one.

    `response_types_supported` is required there even of a server without an authorization
    endpoint, and is empty. The endpoints of the revocation feed, of leak reports and of the secret
    rotation are extensions.

    OpenID Connect Discovery 1.0 §3 requires the subject types and the algorithms of ID tokens.
    Resource servers verify JWT access tokens with them; no ID token is ever issued.
    """
    methods = list(_SECRET_METHODS if has_secrets else ())
    methods += [*(["private_key_jwt"] if assertion_algorithms else []), *certificate_methods]
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN,
        "jwks_uri": issuer + JWKS,
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint": issuer + REVOKE,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint": issuer + INTROSPECT,
        "introspection_endpoint_auth_methods_supported": [*methods, "Bearer"],
        **_signed_by(assertion_algorithms),
        **({"introspection_signing_alg_values_supported": list(algorithms)} if algorithms else {}),
        "revocation_feed_endpoint": issuer + REVOCATIONS,
        "leak_report_endpoint": issuer + REPORT_LEAK,
        **({"secret_rotation_endpoint": issuer + ROTATE_SECRET} if has_secrets else {}),
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        **({"id_token_signing_alg_values_supported": list(algorithms)} if algorithms else {}),
        "scopes_supported": scopes,
        **({"tls_client_certificate_bound_access_tokens": True} if certificate_methods else {}),
        CREDENTIAL_MARK: mode,
    }


def _signed_by(algorithms: Sequence[str]) -> dict[str, object]:
    """Return the members that name the algorithms of assertions (RFC 8414 §2); none for none."""
    names = ("token_endpoint", "revocation_endpoint", "introspection_endpoint")
    found = list(algorithms)
    return {f"{name}_auth_signing_alg_values_supported": found for name in names if found}


def mtls_endpoint_aliases(base: str) -> dict[str, object]:
    """Return the metadata member that names the endpoints for certificates (RFC 8705 §5).

    At the endpoints below the address `base` TLS asks clients for a certificate.
    """
    aliases = {
        "token_endpoint": base + TOKEN,
        "revocation_endpoint": base + REVOKE,
        "introspection_endpoint": base + INTROSPECT,
        "revocation_feed_endpoint": base + REVOCATIONS,
    }
    return {"mtls_endpoint_aliases": aliases}


def protected_resource(
    resource: str, issuer: str, scopes: list[str], **more: object
) -> dict[str, object]:
    """Return a protected resource's metadata (RFC 9728 §2); empty lists are left out (§3.2).

    `more` are further members, as those about tokens that are bound to a key.
    """
    return {
        "resource": resource,
        "authorization_servers": [issuer],
        **({"scopes_supported": scopes} if scopes else {}),
        "bearer_methods_supported": ["header"],
        **more,
    }


def protected_resource_url(resource: str) -> str:
    """Return the address of a resource's metadata: the well-known path goes before its own."""
    parts = urlsplit(resource)
    path = "" if parts.path == "/" else parts.path
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{path}"
