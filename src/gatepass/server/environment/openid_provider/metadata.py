"""A provider's metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2, RFC 9207 §3). Pure."""

from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.jose import strict_json
from gatepass.server.environment.openid_provider.errors import ProviderError
from gatepass.wire.urls import is_confidential, split

_LONGEST_URL = 2000


class Metadata(NamedTuple):
    """What of a provider's metadata is needed; every URL may get secrets."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    takes_basic: bool
    sends_issuer: bool


def url_of(issuer: str) -> str:
    """Return where an issuer publishes its metadata."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def parse(document: bytes, issuer: str) -> Metadata:
    """Read metadata; raise ProviderError where it is not that of this issuer, or not usable.

    The issuer in it must be the one that was asked, to the letter: a document that may speak for
    other issuers could let one of them log in another one's people.
    """
    try:
        members = strict_json.read_object(document)
    except ValueError as error:
        raise ProviderError(f"the metadata is {error}") from None
    if members.get("issuer") != issuer:
        raise ProviderError(
            f"the metadata is of the issuer {_shown(members.get('issuer'))}, not of {issuer}"
        )
    if "code" not in _listed(members, "response_types_supported", "code"):
        raise ProviderError("the provider does not support response_type=code")
    methods = _listed(members, "token_endpoint_auth_methods_supported", "client_secret_basic")
    if not {"client_secret_basic", "client_secret_post"} & set(methods):
        raise ProviderError("the provider does not accept a client secret")
    pkce = _listed(members, "code_challenge_methods_supported", "S256")
    if "S256" not in pkce:
        raise ProviderError("the provider does not support PKCE with S256")
    return Metadata(
        issuer,
        _endpoint(members, "authorization_endpoint"),
        _endpoint(members, "token_endpoint"),
        _endpoint(members, "jwks_uri"),
        _endpoint(members, "userinfo_endpoint") if members.get("userinfo_endpoint") else None,
        takes_basic="client_secret_basic" in methods,
        sends_issuer=members.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(members: dict[str, object], name: str) -> str:
    url = members.get(name)
    parts = split(url) if isinstance(url, str) and len(url) <= _LONGEST_URL else None
    if parts is None or parts.fragment or not is_confidential(parts):
        raise ProviderError(f"{name} in the metadata is missing, or not an https URL")
    return str(url)


def _listed(members: dict[str, object], name: str, default: str) -> list[object]:
    found = members.get(name)
    return found if isinstance(found, list) else [default]


def _shown(value: object) -> str:
    """Return a URL of the provider's as it may stand in the log: without what could be a secret."""
    parts = urlsplit(value) if isinstance(value, str) and value.isprintable() else None
    return f"{parts.scheme}://{parts.hostname}{parts.path}"[:200] if parts else "nobody"
