"""Further paths of the OAuth endpoints: the addresses of the system that was there before."""

import re

from pydantic import ValidationInfo, field_validator

from gatepass.server.configuration.environment_variables import Texts
from gatepass.server.configuration.section import Section
from gatepass.wire import metadata

_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
_TAKEN = (  # by the server itself, with every path below
    metadata.TOKEN,
    metadata.REVOKE,
    metadata.INTROSPECT,
    metadata.ROTATE_SECRET,
    metadata.VERIFY,
    metadata.REVOCATIONS,
    metadata.REPORT_LEAK,
    metadata.PARTNER_API.rpartition("/")[0] + "/",
    "/oauth2/applications/",
    "/account/",
    "/accounts/",
    "/activity/",
    "/docs/",
    "/healthz/",
    "/metrics/",
    "/readyz/",
    "/static/",
    "/team/",
)


class PathAliases(Section):
    """Paths where OAuth endpoints answer beside their own, with and without a slash at the end."""

    token: Texts = ()
    """Further paths of the token endpoint, as /o/token/ of django-oauth-toolkit. The metadata and
    the keys are also at .well-known/ beside each of them."""
    revocation: Texts = ()
    """Further paths of the revocation endpoint, as /o/revoke_token/."""
    introspection: Texts = ()
    """Further paths of the introspection endpoint, as /o/introspect/."""

    @field_validator("token", "revocation", "introspection")
    @classmethod
    def _paths_are_free(cls, paths: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        found = [known for name in cls.model_fields for known in info.data.get(name, ())]
        for path in paths:
            plain = path.removesuffix("/")
            if not _PATH.fullmatch(plain):
                raise ValueError(f"{path!r} is not a plain path: write it as /o/token/")
            if f"{plain}/".startswith(_TAKEN):
                raise ValueError(f"{path} is a path of the server itself: leave it out")
            if plain in found:
                raise ValueError(f"{path} is there twice: name each path once")
            found.append(plain)
        return tuple(path.removesuffix("/") for path in paths)

    def endpoints(self) -> dict[str, str]:
        """Return the path of the endpoint that each alias stands for."""
        return {
            alias: path
            for aliases, path in (
                (self.token, metadata.TOKEN),
                (self.revocation, metadata.REVOKE),
                (self.introspection, metadata.INTROSPECT),
            )
            for alias in aliases
        }

    def issuer_paths(self) -> tuple[str, ...]:
        """Return what stands before the last segment of each token path: `/o` of `/o/token`."""
        above = (path.rpartition("/")[0] for path in self.token)
        return tuple(dict.fromkeys(path for path in above if path))

    def prefixes(self) -> tuple[str, ...]:
        """Return how the paths begin that are a program's: errors there are JSON."""
        above = {path.rpartition("/")[0] or path for path in self.endpoints()}
        return tuple(f"{path}/" for path in sorted(above))
