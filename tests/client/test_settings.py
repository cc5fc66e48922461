"""The client's settings: read from the environment, refused with advice."""

from pathlib import Path

import pytest

from gatepass.client.errors import ConfigurationError
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.wire.secret import Secret

COMPLETE = {
    "GATEPASS_TOKEN_URL": "https://app.example.com/oauth2/token/",
    "GATEPASS_CLIENT_ID": "acme-billing",
    "GATEPASS_CLIENT_SECRET": "hush hush",
}


def test_the_environment_gives_all_settings() -> None:
    environ = COMPLETE | {
        "GATEPASS_SCOPE": "read write",
        "GATEPASS_RESOURCE": "https://a.example/ urn:b:c",
        "GATEPASS_PARAMETERS": "audience=https%3A//c.example&audience=d+e&organization=",
        "GATEPASS_AUTH_METHOD": "client_secret_post",
        "GATEPASS_HEADERS": "X-Api-Key=k%26y&User-Agent=acme/1",
        "GATEPASS_GRANT_TYPE": "account_credentials",
        "GATEPASS_CA_FILE": "/etc/ca.pem",
    }

    settings = ClientSettings.from_env(environ)

    assert settings == ClientSettings(
        "https://app.example.com/oauth2/token/",
        "acme-billing",
        Secret("hush hush"),
        "read write",
        ("https://a.example/", "urn:b:c"),
        [("audience", "https://c.example"), ("audience", "d e"), ("organization", "")],
        "client_secret_post",
        {"X-Api-Key": "k&y", "User-Agent": "acme/1"},
        "account_credentials",
        "/etc/ca.pem",
    )


@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize("name", COMPLETE)
def test_a_missing_or_empty_variable_is_named_and_no_other(name: str, *, empty: bool) -> None:
    environ = {key: value for key, value in COMPLETE.items() if key != name}
    if empty:
        environ[name] = ""

    with pytest.raises(ConfigurationError) as refusal:
        ClientSettings.from_env(environ)

    assert [other for other in COMPLETE if f"{other} " in f"{refusal.value} "] == [name]


def test_all_missing_variables_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        ClientSettings.from_env({})

    assert all(name in str(refusal.value) for name in COMPLETE)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)

    assert ClientSettings.from_env().client_id == "acme-billing"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_a_file_without_its_line_break(tmp_path: Path, ending: str) -> None:
    assert from_file(tmp_path, f" se cret{ending}".encode()).secret_sources[0]() == " se cret"


@pytest.mark.parametrize("content", [b"", b"\n", b"x" * 70_000, b"\xff\xfe", b"two\nlines"])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        from_file(tmp_path, content)


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/", "nul\0nul"])
def test_a_file_that_cannot_be_read_is_refused(path: str) -> None:
    environ = COMPLETE | {"GATEPASS_CLIENT_SECRET": "", "GATEPASS_CLIENT_SECRET_FILE": path}

    with pytest.raises(ConfigurationError, match="GATEPASS_CLIENT_SECRET_FILE"):
        ClientSettings.from_env(environ)


def test_a_secret_and_a_secret_file_together_are_refused(tmp_path: Path) -> None:
    environ = COMPLETE | {"GATEPASS_CLIENT_SECRET_FILE": str(tmp_path / "secret")}

    with pytest.raises(ConfigurationError, match="not both"):
        ClientSettings.from_env(environ)


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/token",
        "http://127.0.0.1.example.com/token",
        "http://localhost.example.com/token",
        "http://notlocalhost/token",
        "http://128.0.0.1/token",
        "http://[::2]/token",
        "http://[::ffff:10.0.0.1]/token",
        "http://0.0.0.0/token",
        "HTTP://app.example.com/token",
    ],
)
def test_a_plain_http_token_url_is_refused_but_for_loopback(url: str) -> None:
    with pytest.raises(ConfigurationError, match="use https"):
        at(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/token",
        "http://LOCALHOST/token",
        "http://sandbox-app.localhost:8000/token",
        "http://127.0.0.1:8001/token",
        "http://127.8.9.10/token",
        "http://[::1]:8000/token",
        "https://app.example.com/token",
    ],
)
def test_https_and_loopback_token_urls_are_accepted(url: str) -> None:
    assert at(url).token_url == url


@pytest.mark.parametrize(
    "url",
    [
        "app.example.com/token",
        "ftp://app.example.com/token",
        "https://",
        "https:///token",
        "https://[::1/token",
        "https://host:99999/token",
        "https://host:port/token",
        "https://host /token",
        "https://host/\ntoken",
        "https://h\u00f6st/token",
        "\x00",
    ],
)
def test_what_is_no_address_is_refused_as_token_url(url: str) -> None:
    with pytest.raises(ConfigurationError, match="give one like"):
        at(url)


@pytest.mark.parametrize("user", ["me@", "me:secret@", ":@"])
def test_a_user_name_in_the_token_url_is_refused_and_not_repeated(user: str) -> None:
    with pytest.raises(ConfigurationError, match="user name") as refusal:
        at(f"https://{user}host/token")

    assert "secret" not in str(refusal.value)


@pytest.mark.spec("RFC 6749", "3.2")
def test_a_fragment_in_the_token_url_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="fragment"):
        at("https://host/token#here")


@pytest.mark.parametrize("text", ["", "line\nbreak", "nul\0", "del\x7f", "half a pair \ud800"])
def test_an_id_or_secret_that_cannot_be_sent_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="client id"):
        ClientSettings("https://host/", text, Secret("x"))
    with pytest.raises(ConfigurationError, match="client secret"):
        ClientSettings("https://host/", "x", Secret(text))


@pytest.mark.spec("RFC 6749", "3.3")
@pytest.mark.parametrize("scope", [" ", "read  write", 'a"b', "read\n", "\u00fc"])
def test_a_malformed_scope_is_refused(scope: str) -> None:
    with pytest.raises(ConfigurationError, match="scope"):
        ClientSettings("https://host/", "id", Secret("x"), scope)


@pytest.mark.spec("RFC 8707", "2")
@pytest.mark.parametrize("resource", ["", "/api", "api", "https://a/#b", "https://a b/", "https:"])
def test_a_resource_that_is_no_absolute_uri_is_refused(resource: str) -> None:
    with pytest.raises(ConfigurationError, match="resource"):
        ClientSettings("https://host/", "id", Secret("x"), resource=(resource,))


@pytest.mark.parametrize("text", ["audience", "a=b&&c=d", "a=%ff", "a=%00", "=b"])
def test_parameters_that_are_no_query_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError, match="GATEPASS_PARAMETERS") as refusal:
        ClientSettings.from_env(COMPLETE | {"GATEPASS_PARAMETERS": text})

    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    "headers",
    [
        {"": "x"},
        {"X Key": "x"},
        {"X-Key": ""},
        {"X-Key": " x"},
        {"X-Key": "a\r\nX-Admin: 1"},
        {"X-Key": "\u00fc"},
        {"X-Key:": "x"},
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="GATEPASS_HEADERS"):
        ClientSettings("https://host/", "id", Secret("x"), headers=headers)


@pytest.mark.parametrize("name", ["Authorization", "HOST", "content-length", "Transfer-Encoding"])
def test_a_header_that_the_request_sets_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"have {name.lower()} in them"):
        ClientSettings("https://host/", "id", Secret("x"), headers={name: "x"})


def test_a_header_that_is_named_twice_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="name one twice"):
        ClientSettings("https://host/", "id", "x", headers=[("X-Key", "a"), ("x-key", "b")])


@pytest.mark.parametrize(
    "name",
    ["grant_type", "client_id", "client_secret", "scope", "resource", "client_assertion"],
)
def test_a_parameter_that_the_request_has_already_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"have {name} in them: take it out"):
        ClientSettings("https://host/", "id", Secret("x"), parameters={name: "y"})


def test_parameters_are_the_same_as_a_mapping_and_as_pairs_and_not_shown() -> None:
    settings = [
        ClientSettings("https://host/", "id", Secret("x"), parameters=given)
        for given in ({"audience": "urn:b"}, [("audience", "urn:b")])
    ]

    assert settings[0] == settings[1]
    assert hash(settings[0]) == hash(settings[1])
    assert "urn:b" not in repr(settings[0])


@pytest.mark.parametrize("method", ["basic", "client_secret_jwt"])
def test_an_unknown_way_to_authenticate_is_refused_with_those_there_are(method: str) -> None:
    with pytest.raises(ConfigurationError, match="_basic, client_secret_post, private_key_jwt"):
        ClientSettings("https://host/", "id", Secret("x"), auth_method=method)


def at(url: str) -> ClientSettings:
    return ClientSettings(url, "id", Secret("x"))


def from_file(folder: Path, content: bytes) -> ClientSettings:
    path = folder / "secret"
    path.write_bytes(content)
    environ = COMPLETE | {"GATEPASS_CLIENT_SECRET": "", "GATEPASS_CLIENT_SECRET_FILE": str(path)}
    return ClientSettings.from_env(environ)


def test_a_client_without_any_secret_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="GATEPASS_CLIENT_SECRET"):
        ClientSettings("https://app.example.com/token", "id", [])


def test_the_next_secret_stands_second(tmp_path: Path) -> None:
    (tmp_path / "next").write_text("following\n")
    environ = COMPLETE | {"GATEPASS_NEXT_CLIENT_SECRET_FILE": str(tmp_path / "next")}

    sources = ClientSettings.from_env(environ).secret_sources

    assert [source() for source in sources] == ["hush hush", "following"]


def test_a_secret_may_come_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE", "kept there")
    environ = COMPLETE | {
        "GATEPASS_CLIENT_SECRET": "",
        "GATEPASS_CLIENT_SECRET_FROM": "env:ELSEWHERE",
    }

    (source,) = ClientSettings.from_env(environ).secret_sources

    assert source() == "kept there"


def test_a_token_source_takes_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)

    source = TokenSource.from_env()

    assert source.settings == ClientSettings.from_env(COMPLETE)
    assert "hush" not in f"{source!r} {vars(source)!r}"
