"""An OpenID Connect client (authorization code flow with PKCE) for every organization's provider.

It keeps metadata and keys of providers in memory. Nothing here touches the database.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.jose import jws, strict_json
from gatepass.jose.jwks import Key, KeySet
from gatepass.jose.jws import Header
from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
from gatepass.server.domain.users.single_sign_on.model import Claims
from gatepass.server.environment.openid_provider import domain_records, id_token, metadata
from gatepass.server.environment.openid_provider.errors import ProviderAwayError, ProviderError
from gatepass.server.environment.openid_provider.metadata import Metadata
from gatepass.server.environment.openid_provider.network import Network, Response
from gatepass.server.environment.openid_provider.round_trip import Answer, RoundTrip
from gatepass.wire import basic
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_KEPT = 3600.0  # seconds for which metadata and keys are used
_KEYS_AGAIN_AFTER = 30.0  # seconds between two requests for the keys, whatever a token names
_SIZE = 256  # providers
_SCOPE = "openid email profile"
_CODE = 100  # characters of an error code that are logged
_LONGEST_CODE = 4096

Kept = TypeVar("Kept")


class _Cached(NamedTuple, Generic[Kept]):
    value: Kept
    at: float


class OpenIdProviders:
    """The providers of one environment's organizations.

    Its methods block, for a thread of `Environment.pools.providers`. They raise ProviderError.
    """

    def __init__(
        self,
        settings: SingleSignOnSettings,
        clock: Callable[[], float],
        network: Network | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._network = network or Network(settings)
        self._metadata: BoundedCache[str, _Cached[Metadata]] = BoundedCache(_SIZE)
        self._keys: BoundedCache[str, _Cached[KeySet]] = BoundedCache(_SIZE)

    def authorization_url(self, trip: RoundTrip, login_hint: str = "") -> str:
        """Return where the browser is sent (OpenID Connect Core 1.0 §3.1.2.1)."""
        found = self._discovered(trip.issuer)
        challenge = urlsafe_b64encode(sha256(trip.verifier.value.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": trip.client_id,
            "redirect_uri": trip.redirect_uri,
            "scope": _SCOPE,
            "state": trip.state.value,
            "nonce": trip.nonce.value,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if login_hint:
            query["login_hint"] = login_hint
        if trip.max_age is not None:
            # Providers that do not know max_age ask again because of the prompt.
            query |= {"max_age": str(trip.max_age), "prompt": "login"}
        separator = "&" if "?" in found.authorization_endpoint else "?"
        return found.authorization_endpoint + separator + urlencode(query)

    def claims(
        self, trip: RoundTrip, answer: Answer, secret: Secret, wanted: tuple[str, ...]
    ) -> Claims:
        """Return who came back, for the code in the answer.

        Claims that are `wanted` and not in the ID token are asked at the UserInfo endpoint.
        """
        found = self._discovered(trip.issuer)
        _check_answer(answer, found)
        tokens = self._redeem(found, trip, answer.code or Secret(""), secret)
        text = tokens.get("id_token")
        if not isinstance(text, str):
            raise ProviderError("the provider sent no ID token")
        try:
            header = jws.read_header(text)
        except OAuthError as error:
            raise ProviderError(f"the ID token is {error.log_detail}") from None
        expected = id_token.Expected(
            trip.issuer, trip.client_id, trip.nonce, self._clock(), trip.max_age
        )
        claims = id_token.read(text, header, self._key(found.jwks_uri, header), expected)
        access_token = tokens.get("access_token")
        is_missing = any(name not in claims.every for name in wanted)
        if is_missing and found.userinfo_endpoint and isinstance(access_token, str):
            return self._with_userinfo(claims, found.userinfo_endpoint, Secret(access_token))
        return claims

    def domain_texts(self, name: str) -> list[str]:
        """Return the TXT records at a name."""
        return domain_records.read(name, self._settings.dns_servers, self._settings.timeout)

    def forget(self, issuer: str) -> None:
        """Ask for the metadata of an issuer again, as its setup is being tried."""
        self._metadata.pop(issuer)

    def _discovered(self, issuer: str) -> Metadata:
        kept = self._metadata.get(issuer)
        if kept and 0 <= self._clock() - kept.at < _KEPT:
            return kept.value
        response = self._network.get(metadata.url_of(issuer))
        _check_status(response, "the metadata")
        found = metadata.parse(response.body, issuer)
        return self._metadata.put(issuer, _Cached(found, self._clock())).value

    def _redeem(
        self, found: Metadata, trip: RoundTrip, code: Secret, secret: Secret
    ) -> dict[str, object]:
        """Return what the token endpoint gives for a code (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        form = {
            "grant_type": "authorization_code",
            "code": code.value,
            "redirect_uri": trip.redirect_uri,
            "code_verifier": trip.verifier.value,
        }
        headers = {}
        if found.takes_basic:
            headers["authorization"] = basic.write(trip.client_id, secret)
        else:
            form |= {"client_id": trip.client_id, "client_secret": secret.value}
        response = self._network.post(found.token_endpoint, form, headers)
        if response.status >= 500:
            raise ProviderAwayError(f"the token endpoint answered {response.status}")
        members = _members(response, "the token endpoint")
        if response.status != 200:
            raise ProviderError(f"the token endpoint answered {_error_code(members.get('error'))}")
        return members

    def _key(self, jwks_uri: str, header: Header) -> Key:
        """Return the key of an ID token; the keys are asked for again where it is not known.

        Not more often than every 30 seconds: whoever makes up the names of keys would have this
        server ask the provider without end.
        """
        kept = self._keys.get(jwks_uri)
        age = self._clock() - kept.at if kept else _KEPT
        key = kept.value.get(header.kid, header.alg) if kept and 0 <= age < _KEPT else None
        if key is None and not 0 <= age < _KEYS_AGAIN_AFTER:
            response = self._network.get(jwks_uri)
            _check_status(response, "the keys")
            try:
                keys = KeySet.parse(response.body)
            except ValueError as error:
                raise ProviderError(f"the keys cannot be used: {error}") from None
            self._keys.put(jwks_uri, _Cached(keys, self._clock()))
            key = keys.get(header.kid, header.alg)
        if key is None:
            raise ProviderError("the ID token is signed with a key that the provider has not")
        return key

    def _with_userinfo(self, claims: Claims, url: str, token: Secret) -> Claims:
        """Add the claims that the ID token lacks (OpenID Connect Core 1.0 §5.3)."""
        response = self._network.get(url, {"authorization": f"Bearer {token.value}"})
        _check_status(response, "the UserInfo endpoint")
        members = _members(response, "the UserInfo endpoint")
        if members.get("sub") != claims.subject:  # §5.3.2: it may be of somebody else
            raise ProviderError("the UserInfo endpoint answered for another subject")
        every = {**members, **claims.every}
        return id_token.claims_of(every, claims.issuer, claims.auth_time)


def _check_answer(answer: Answer, found: Metadata) -> None:
    """Raise ProviderError for a refusal, and for an answer of another issuer (RFC 9207 §2.4)."""
    if answer.issuer is None and found.sends_issuer:
        raise ProviderError("the answer lacks the issuer (iss), which the provider always sends")
    if answer.issuer is not None and answer.issuer != found.issuer:
        raise ProviderError("the answer is of another issuer (iss)")
    if answer.error is not None:
        raise ProviderError(f"the provider answered {_error_code(answer.error)}")
    if answer.code is None or not 0 < len(answer.code.value) <= _LONGEST_CODE:
        raise ProviderError("the answer has no code")


def _check_status(response: Response, what: str) -> None:
    if response.status != 200:
        kind = ProviderAwayError if response.status >= 500 else ProviderError
        raise kind(f"{what}: the provider answered {response.status}")


def _members(response: Response, what: str) -> dict[str, object]:
    try:
        return strict_json.read_object(response.body)
    except ValueError:
        raise ProviderError(f"{what} answered {response.status}, and not in JSON") from None


def _error_code(error: object) -> str:
    """Return an error code as the log may have it (RFC 6749 §5.2)."""
    is_code = isinstance(error, str) and error.isascii() and error.replace("_", "").isalnum()
    return str(error)[:_CODE] if is_code else "an error without a code"
