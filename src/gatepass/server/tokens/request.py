"""Headers and body in, `TokenRequest` out (RFC 6749 §2.3.1, §3.2, §4.4.2)."""

import re
from typing import NamedTuple

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.jose.x509.certificate import thumbprint
from gatepass.server.http import ClientCertificate, Request
from gatepass.server.tokens import assertion as assertions
from gatepass.server.tokens.assertion import PresentedAssertion
from gatepass.wire import basic
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import Params, decode, read_form, read_json
from gatepass.wire.secret import Secret

_FORM = b"application/x-www-form-urlencoded"
_JSON = frozenset({b"application/json", b"text/json"})
_IDENTITY = frozenset({b"identity", b""})
_SECRETS_IN_QUERY = frozenset({"client_secret", "token", "access_token", "client_assertion"})
_ASSERTION = frozenset({"client_assertion", "client_assertion_type"})
SECRET_CREDENTIALS = _ASSERTION | {"client_secret"}  # what proves who a caller is, in a body
CREDENTIALS = SECRET_CREDENTIALS | {"client_id"}  # what `read_credentials` reads of a body
_NOTHING: frozenset[str] = frozenset()
_SEPARATORS = re.compile(r"[-_. \[\]]")
_LIKELY = {"granttype": "grant_type", "scope": "scope", "resource": "resource"}
_LONGEST_NAME = 20  # characters of a misspelled name that an error repeats
_KNOWN = CREDENTIALS | {"grant_type", "scope"}
_PUBLIC = {"grant_type", "scope"}
_FORMS: BoundedCache[bytes, Params] = BoundedCache(64)
_OUR_CREDENTIAL = re.compile(rb"gp[sa]_(live|test)_[0-9A-Za-z]")


class PresentedCredentials(NamedTuple):
    """Client id and secret as a request presents them, not yet verified.

    `raw_secret` is the secret read without form-url-decoding, if it differs from `secret`. An
    `assertion`, or the `certificate` of the TLS connection, is in the place of a secret.
    """

    client_id: str
    secret: Secret | None
    raw_secret: Secret | None = None
    assertion: PresentedAssertion | None = None
    certificate: ClientCertificate | None = None

    @property
    def attempt(self) -> Secret | None:
        """Return what is presented, by which failed attempts are told apart."""
        if self.assertion is not None:
            return self.assertion.text
        return Secret(thumbprint(self.certificate.der)) if self.certificate else self.secret

    @property
    def readings(self) -> tuple[Secret, ...]:
        """Return the ways to read the secret: none, one or two."""
        if self.raw_secret is not None and self.secret is not None:
            return self.secret, self.raw_secret
        return () if self.secret is None else (self.secret,)


class TokenRequest(NamedTuple):
    """A well-formed request to the token endpoint."""

    credentials: PresentedCredentials
    grant_type: str | None
    scope: str | None
    resource: tuple[str, ...]
    misspelled: tuple[tuple[str, str], ...] = ()  # a name that was sent, and the likely one


def parse(request: Request, *, may_be_raw: bool = False) -> TokenRequest:
    """Parse a token request; raise OAuthError for a wrong media type or a malformed request.

    `may_be_raw` is as for `read_credentials`.
    """
    params = parse_parameters(request)
    return TokenRequest(
        read_credentials(request, params, may_be_raw=may_be_raw),
        params.get("grant_type"),
        params.get("scope"),
        params.resource,
        _misspelled(params),
    )


def parse_parameters(request: Request, *, unchecked: frozenset[str] = _NOTHING) -> Params:
    """Parse the parameters of the body; the query is never read, and no secret may be in it.

    `unchecked` is as for `read_form`.
    """
    if request.query:
        check_query(request.query)
    encoding = request.headers.get(b"content-encoding")
    if encoding is not None and encoding.lower() not in _IDENTITY:
        raise OAuthError(
            "invalid_request",
            "Send the body uncompressed, without Content-Encoding.",
            log_detail="the body has a Content-Encoding",
            status=415,
        )
    content_type = request.headers.get(b"content-type", b"")
    kind = content_type
    if kind != _FORM:
        kind = content_type.partition(b";")[0].strip().lower()
    if kind == _FORM:
        return _FORMS.get(request.body) or _read_form(request.body, unchecked)
    if kind in _JSON:
        return read_json(request.body)
    if not request.body and not content_type:
        return Params({})
    raise OAuthError(
        "invalid_request",
        "Send the parameters as application/x-www-form-urlencoded or application/json.",
        status=415,
    )


def _read_form(body: bytes, unchecked: frozenset[str]) -> Params:
    """Read a form, and keep it if it has no secret: most token requests send one of few."""
    params = read_form(body, unchecked=unchecked)
    return _FORMS.put(body, params) if params.values.keys() <= _PUBLIC else params


def check_query(query: bytes) -> None:
    """Raise OAuthError for a secret or token in the URL, which logs and proxies keep."""
    names = {piece.partition(b"=")[0] for piece in query.split(b"&")}
    if _OUR_CREDENTIAL.search(query) or _SECRETS_IN_QUERY & {decode(name) for name in names}:
        raise OAuthError(
            "invalid_request",
            "Never put a secret or token in the address: send it in the header or body. "
            "Whoever can read logs has it now, so replace it.",
            log_detail="a secret or token in the query",
        )


def read_credentials(
    request: Request, params: Params, *, may_be_raw: bool = False
) -> PresentedCredentials:
    """Read the client's credentials: from Basic or from the body (RFC 6749 §2.3.1).

    With `may_be_raw` a secret in Basic is also read without form-url-decoding: clients with an
    imported secret may not encode it. Gatepass's own secrets are the same in both readings.
    A client id alone stands with the certificate of the TLS connection (RFC 8705 §2). Raises
    OAuthError for two ways at once, and for another scheme.
    """
    authorization = request.headers.get(b"authorization")
    client_id, secret = params.get("client_id"), params.get("client_secret")
    if not _ASSERTION.isdisjoint(params.values):
        if authorization is not None or secret is not None:
            raise multiple_methods()
        return _read_assertion(params, client_id)
    if authorization is None:
        certificate = request.certificate if client_id and not secret else None
        return PresentedCredentials(
            client_id or "", Secret(secret) if secret else None, certificate=certificate
        )
    scheme, _, credentials = authorization.decode("latin-1").partition(" ")
    if scheme.lower() != "basic":
        raise OAuthError(
            "invalid_client",
            "Authenticate with HTTP Basic or in the body.",
            log_detail="the Authorization header is not Basic",
        )
    if secret is not None:
        raise multiple_methods()
    presented = _read_basic(credentials.strip(" "), may_be_raw=may_be_raw)
    if client_id is not None and client_id != presented.client_id:
        raise OAuthError("invalid_request", "The client_id in header and body are not the same.")
    return presented


def has_assertion(params: Params) -> bool:
    """Return whether a request presents a client assertion, or a part of one."""
    return not _ASSERTION.isdisjoint(params.values)


def has_certificate(request: Request, params: Params) -> bool:
    """Return whether a request presents a client id with the certificate of its connection."""
    return (
        request.certificate is not None
        and b"authorization" not in request.headers
        and "client_id" in params.values
        and SECRET_CREDENTIALS.isdisjoint(params.values)
    )


def _read_basic(credentials: str, *, may_be_raw: bool) -> PresentedCredentials:
    raw = basic.read_raw(credentials) if may_be_raw else None
    try:
        client_id, secret = basic.read(credentials)
    except OAuthError:
        if raw is None:
            raise
        client_id, secret = raw
    raw_secret = raw[1] if raw and raw[1] != secret else None
    return PresentedCredentials(client_id, secret, raw_secret)


def _misspelled(params: Params) -> tuple[tuple[str, str], ...]:
    """Return the parameters that are likely misspelled, as `scopes`, each with the right name."""
    if params.values.keys() <= _KNOWN:
        return ()
    return tuple(
        (name, _LIKELY[letters])
        for name in params.values
        if len(name) <= _LONGEST_NAME
        and (letters := _letters(name)) in _LIKELY
        and name != _LIKELY[letters]
    )


def _letters(name: str) -> str:
    """Return a name without case, separators and plural, in which misspellings differ."""
    return _SEPARATORS.sub("", name.lower()).removesuffix("s")


def multiple_methods() -> OAuthError:
    """Return the error for two ways of authentication in one request (RFC 6749 §2.3)."""
    return OAuthError("invalid_request", "Use one way of client authentication, not two.")


def _read_assertion(params: Params, client_id: str | None) -> PresentedCredentials:
    """Read a client assertion (RFC 7521 §4.2)."""
    text, kind = params.get("client_assertion"), params.get("client_assertion_type")
    if text is None or kind is None:
        raise OAuthError(
            "invalid_request", "Send client_assertion and client_assertion_type together."
        )
    if kind != assertions.TYPE:
        raise OAuthError(
            "invalid_client",
            "Authenticate with HTTP Basic, in the body, or with a signed JWT.",
            log_detail="client_assertion_type is not that of a JWT",
        )
    presented = assertions.read(text)
    subject = assertions.client_id_of(presented)
    if client_id is not None and subject and client_id != subject:
        raise OAuthError(
            "invalid_request", "The client_id and the subject of the assertion are not the same."
        )
    return PresentedCredentials(subject or client_id or "", None, assertion=presented)
