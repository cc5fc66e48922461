import pytest
from starlette.routing import Route

from gatepass.server.configuration.path_aliases import PathAliases
from gatepass.server.configuration.settings import SettingsError, load
from gatepass.server.observability import health
from gatepass.server.observability.metrics import endpoint
from gatepass.server.portal import app as portal
from gatepass.wire import metadata

ENDPOINTS = [
    metadata.TOKEN,
    metadata.REVOKE,
    metadata.INTROSPECT,
    metadata.VERIFY,
    metadata.VERIFY_NGINX,
    f"{metadata.VERIFY_ENVOY}production/",
    metadata.REVOCATIONS,
    f"{metadata.PARTNER_API}/organizations/",
]
PAGES = [route.path for route in portal.routes if isinstance(route, Route) and route.path != "/"]


def test_an_alias_is_kept_without_the_slash_at_its_end() -> None:
    aliases = PathAliases(token=("/o/token/", "/t"), revocation=("/o/revoke_token",))

    assert aliases.endpoints() == {
        "/o/token": metadata.TOKEN,
        "/t": metadata.TOKEN,
        "/o/revoke_token": metadata.REVOKE,
    }


def test_metadata_and_errors_of_programs_are_beside_the_aliases() -> None:
    aliases = PathAliases(token=("/o/token/", "/t"), introspection=("/a/b/introspect",))

    assert aliases.issuer_paths() == ("/o",)
    assert aliases.prefixes() == ("/a/b/", "/o/", "/t/")


@pytest.mark.parametrize(
    "path",
    ["", "/", "//", "o", "o/token", "/o//token", "/o/../p", "/o/./p", "/o?x", "/o/token#", "/o p"],
)
def test_a_malformed_alias_is_refused(path: str) -> None:
    with pytest.raises(SettingsError, match=r"^path_aliases\.token: .* is not a plain path"):
        load(path_aliases={"token": [path]})


@pytest.mark.parametrize("path", [*ENDPOINTS, *PAGES, *sorted(endpoint.PATHS | health.PATHS)])
def test_a_path_of_the_server_itself_is_refused(path: str) -> None:
    plain = path.replace("{", "").replace("}", "").replace(":", "")

    with pytest.raises(SettingsError, match="is a path of the server itself"):
        load(path_aliases={"revocation": [plain]})


@pytest.mark.parametrize(
    "aliases",
    [
        pytest.param({"token": ["/o/t", "/o/t"]}, id="in one list"),
        pytest.param({"token": ["/o/t"], "introspection": ["/o/t/"]}, id="in two lists"),
    ],
)
def test_an_alias_that_is_there_twice_is_refused(aliases: dict[str, list[str]]) -> None:
    with pytest.raises(SettingsError, match=r"^path_aliases\.\w+: /o/t/? is there twice"):
        load(path_aliases=aliases)


def test_aliases_come_from_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPASS_PATH_ALIASES__TOKEN", "/o/token/, /t")
    monkeypatch.setenv("GATEPASS_PATH_ALIASES__INTROSPECTION", '["/o/introspect/"]')

    assert load().path_aliases == PathAliases(
        token=("/o/token", "/t"), introspection=("/o/introspect",)
    )


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPASS_PATH_ALIASES__TOKEN", "o/token")

    with pytest.raises(SettingsError, match=r"GATEPASS_PATH_ALIASES__TOKEN\.$"):
        load()
