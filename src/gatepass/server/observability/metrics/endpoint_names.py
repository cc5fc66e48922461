"""The names of endpoints in metrics and traces: short, and from a closed list."""

from gatepass.wire import metadata

OTHER = "other"
_WELL_KNOWN = "/.well-known/"
_BY_PATH = {
    metadata.TOKEN: "token",
    metadata.REVOKE: "revoke",
    metadata.INTROSPECT: "introspect",
    metadata.ROTATE_SECRET: "rotate_secret",
    metadata.VERIFY: "verify",
    metadata.VERIFY_NGINX: "verify",
    metadata.REVOCATIONS: "revocations",
    metadata.REPORT_LEAK: "report_leak",
    metadata.GITHUB_ALERTS: "report_leak",
    metadata.JWKS + "/": "jwks",
    "/healthz/": "health",
    "/readyz/": "health",
    "/metrics/": OTHER,
}
_BY_PREFIX = {
    metadata.VERIFY_ENVOY: "verify",
    _WELL_KNOWN: "metadata",
    metadata.PARTNER_API + "/": "partner_api",
    metadata.ADMIN_API + "/": "admin_api",
    "/docs/": "documentation",
}
NAMES = tuple(dict.fromkeys([*_BY_PATH.values(), *_BY_PREFIX.values(), "portal", OTHER]))


def name_of(path: str) -> str:
    """Return the name of the endpoint at this path; any other path belongs to the portal."""
    if _WELL_KNOWN in path:  # a document, also under a path alias
        path = path[path.index(_WELL_KNOWN) :]
    exact = _BY_PATH.get(path) or _BY_PATH.get(f"{path}/")
    if exact:
        return exact
    return next(
        (name for prefix, name in _BY_PREFIX.items() if f"{path}/".startswith(prefix)), "portal"
    )
