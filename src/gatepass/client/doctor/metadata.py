"""Whether a server's metadata matches the settings. Pure."""

from collections.abc import Collection, Iterator, Mapping
from urllib.parse import urlsplit

from gatepass.client.doctor.findings import Finding, Outcome, shown_url
from gatepass.client.errors import cleaned
from gatepass.client.network.metadata import Location
from gatepass.client.settings import BASIC, ClientSettings
from gatepass.client.variables import DPOP, TOKEN_URL

_ED25519 = ("Ed25519", "EdDSA")  # one algorithm, by its new and its old name (RFC 9864)


def compare(
    document: Mapping[str, object],
    location: Location,
    token_url: str,
    settings: ClientSettings | None = None,
    algorithms: Collection[str] = (),
) -> Finding:
    """Return whether the metadata found at `location` matches this client's settings.

    `algorithms` are those that the client's keys sign with.
    """
    method = settings.auth_method if settings else BASIC
    found = [*_differences(document, location, token_url, method)]
    found += _of_keys(document, algorithms, with_dpop=settings is not None and settings.dpop)
    differences = ", ".join(found)
    if differences:
        return Finding("metadata", Outcome.WARNING, f"{location.url}: {differences}")
    return Finding("metadata", Outcome.OK, f"{location.url} names this token endpoint")


def _differences(
    document: Mapping[str, object], location: Location, token_url: str, method: str
) -> Iterator[str]:
    issuer, endpoint = str(document["issuer"]), document.get("token_endpoint")
    if issuer.rstrip("/") != location.issuer:
        yield f"its issuer is {cleaned(issuer)}, which is not where it was found (RFC 8414 §3.3)"
    if not isinstance(endpoint, str):
        yield "it names no token endpoint"
    elif endpoint.rstrip("/") != token_url.partition("?")[0].rstrip("/"):
        yield f"its token endpoint is {cleaned(endpoint)}: set {TOKEN_URL} to it, or see why not"
    if not _lists(document, "grant_types_supported", "client_credentials"):
        yield "it does not list the grant client_credentials"
    if not _lists(document, "token_endpoint_auth_methods_supported", method):
        yield f"it does not list {method}, which is how this client says who it is"


def _of_keys(
    document: Mapping[str, object], algorithms: Collection[str], *, with_dpop: bool
) -> Iterator[str]:
    """Yield what the server does not support of keys, as far as its metadata say."""
    for alg in algorithms:
        names = {alg, *(_ED25519 if alg in _ED25519 else ())}
        listed = document.get("token_endpoint_auth_signing_alg_values_supported")
        if isinstance(listed, list) and names.isdisjoint(map(str, listed)):
            yield f"it does not list {alg}, with which this client's key signs"
    if with_dpop and not document.get("dpop_signing_alg_values_supported"):
        yield f"it does not list DPoP, which {DPOP} asks for"


def _lists(document: Mapping[str, object], name: str, value: str) -> bool:
    """Return whether a list has `value`, or the metadata has no such list."""
    listed = document.get(name)
    return not isinstance(listed, list) or value in listed


def absent(token_url: str) -> Finding:
    """Return that there is no metadata, which is allowed."""
    origin = urlsplit(shown_url(token_url))
    message = f"{origin.scheme}://{origin.netloc} publishes none, which is allowed"
    return Finding("metadata", Outcome.SKIPPED, message)
