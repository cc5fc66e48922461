"""The part of a registration that says how the program of an application authenticates."""

from collections.abc import Mapping

from gatepass.server.domain.applications.keys import registration
from gatepass.server.domain.applications.keys.certificates.model import FAULTS as OF_CERTIFICATES
from gatepass.server.domain.applications.keys.certificates.model import check_certificate
from gatepass.server.domain.applications.keys.model import FAULTS as OF_KEYS
from gatepass.server.domain.applications.keys.model import check_jwks_uri, check_keys
from gatepass.server.domain.applications.keys.operations import GeneratedKey
from gatepass.server.domain.applications.keys.registration import GiveMethod
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.applications.secrets.end import check_end
from gatepass.server.portal.forms import secret_end
from gatepass.server.portal.forms.errors import Errors
from gatepass.server.portal.request import PortalRequest
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

SECRET, KEY, PAIR, PUBLISHED, CERTIFICATE = "secret", "key", "pair", "published", "certificate"
_METHODS = {SECRET, KEY, PAIR, PUBLISHED, CERTIFICATE}
_ALG = "ES256"
_NO_SECRET = Message("By the policy, new applications get no secret. Choose a key.")
_NO_CERTIFICATE = Message(
    "The operator has not set up certificates of clients, so the program would get no tokens. "
    "Choose another way."
)
_PRIVATE = {OF_KEYS["private"], OF_CERTIFICATES["private"]}
_NO_URI = Message("Give the address at which the program publishes its keys.")
LABELS = {
    "method": Message("How the program authenticates"),
    "key": Message("Public key"),
    "jwks_uri": Message("Address of the JWK Set"),
    "certificate": Message("Certificate"),
    "secret_end": Message("End of the secret"),
}


def choices(request: PortalRequest) -> dict[str, object]:
    """Return what the form offers: a secret only where the policies allow one."""
    return {
        **secret_end.choices(request),
        "allows_secret": secrets.allows_first_secret(request.context, request.org_id),
        "offers_keys": request.environment.accepts_assertions(),
        "offers_certificates": bool(request.environment.certificate_methods()),
        "method_labels": LABELS,
    }


def check(request: PortalRequest, errors: Errors) -> str | None:
    """Return the chosen method, where it and its field are right; add to `errors` else."""
    form = request.form
    method = errors.check("method", lambda: _method_of(request))
    if method == SECRET:
        errors.check("secret_end", lambda: _check_end(request))
    elif method == KEY:
        errors.check("key", lambda: check_keys(form.get("key", "").encode()))
    elif method == PUBLISHED:
        errors.check("jwks_uri", lambda: _check_uri(form.get("jwks_uri", "")))
    elif method == CERTIFICATE:
        text = form.get("certificate", "").encode()
        errors.check("certificate", lambda: check_certificate(text, request.now))
    return method


def chosen(request: PortalRequest, method: str) -> GiveMethod:
    """Return what gives a new application the chosen method, which is not a secret.

    A pair that is made is shown once on the next page.
    """
    by, form = request.actor, request.form
    if method == KEY:
        return registration.public_keys(by, form.get("key", "").encode())
    if method == PUBLISHED:
        return registration.published_keys(by, form.get("jwks_uri", ""))
    if method == CERTIFICATE:
        return registration.certificate(by, form.get("certificate", "").encode())

    def keep(connection: Connection, made: GeneratedKey) -> None:
        request.keep_once(connection, about(made.application_id), kept(made))

    return registration.new_pair(by, _ALG, keep)


def without_private(values: dict[str, str], errors: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed without a private key, which is not shown again."""
    return {name: text for name, text in values.items() if errors.get(name) not in _PRIVATE}


def kept(made: GeneratedKey) -> dict[str, str]:
    """Return what is kept of a new pair until its page was shown once."""
    return {"pem": made.private.pem(), "alg": made.private.alg, "kid": made.private.kid}


def about(app_id: object) -> str:
    """Return by which name it is kept."""
    return f"the private key of {app_id}"


def _method_of(request: PortalRequest) -> str:
    """Return the choice of a form; raise OAuthError for one that is not offered.

    A form without it, as of a program from before keys, means a secret.
    """
    method = request.form.get("method", SECRET)
    if method not in _METHODS:
        raise OAuthError("invalid_request", Message("Choose one of the offered ways."))
    if method == SECRET and not secrets.allows_first_secret(request.context, request.org_id):
        raise OAuthError("invalid_request", _NO_SECRET)
    if method == CERTIFICATE and not request.environment.certificate_methods():
        raise OAuthError("invalid_request", _NO_CERTIFICATE)
    return method


def _check_end(request: PortalRequest) -> None:
    longest = secrets.longest_lifetime(request.context, request.org_id)
    check_end(secret_end.chosen(request), request.now, request.now, longest)


def _check_uri(uri: str) -> None:
    if not check_jwks_uri(uri):
        raise OAuthError("invalid_request", _NO_URI)
