"""The two clients, and their settings."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from admin.fake_api import URL, FakeApi, answered
from gatepass.admin import Admin, AsyncAdmin, UnexpectedAnswer
from gatepass.admin.connection import server_url, settings_from
from gatepass.client.errors import ConfigurationError
from gatepass.server.admin.operations import examples

_ONE = examples.ORGANIZATION


def _pages(api: FakeApi) -> None:
    api.answers.append(answered({"items": [_ONE, _ONE], "next_cursor": "two"}))
    api.answers.append(answered({"items": [], "next_cursor": "three"}))
    api.answers.append(answered({"items": [_ONE], "next_cursor": None}))


def test_a_list_is_read_page_by_page_when_it_is_wanted(api: FakeApi) -> None:
    _pages(api)
    found = Admin.over(api.connection()).organizations.list(search="acme", limit=2)
    assert api.requests == []

    next(found)
    next(found)
    assert len(api.requests) == 1
    assert len([*found]) == 1
    queries = [each.url.partition("?")[2] for each in api.requests]
    assert queries == [
        "search=acme&limit=2",
        "search=acme&limit=2&cursor=two",
        "search=acme&limit=2&cursor=three",
    ]


def test_a_list_is_read_page_by_page_in_a_task(api: FakeApi) -> None:
    _pages(api)

    async def names(found: AsyncIterator[object]) -> int:
        return len([each async for each in found])

    admin = AsyncAdmin.over(api.connection())
    assert asyncio.run(names(admin.organizations.list())) == 3


@pytest.mark.parametrize("cursor", ["two", 7, ""])
def test_a_page_that_leads_nowhere_ends_the_list(cursor: object, api: FakeApi) -> None:
    api.answers.append(answered({"items": [_ONE], "next_cursor": "two"}))
    api.answers.append(answered({"items": [_ONE], "next_cursor": cursor}))
    found = Admin.over(api.connection()).organizations.list()

    next(found)
    with pytest.raises(UnexpectedAnswer, match="next_cursor"):
        next(found)


def test_a_page_without_items_is_none(api: FakeApi) -> None:
    api.answers.append(answered({"next_cursor": None}))
    with pytest.raises(UnexpectedAnswer, match="items is not a list"):
        next(Admin.over(api.connection()).organizations.list())


def test_both_clients_send_the_same(api: FakeApi) -> None:
    api.answers.extend([answered(_ONE, etag='"a"')] * 4)
    connection = api.connection()
    blocking, awaited = Admin.over(connection), AsyncAdmin.over(connection)
    first = blocking.organizations.show(org_id=examples.ORGANIZATION_ID)
    second = asyncio.run(awaited.organizations.show(org_id=examples.ORGANIZATION_ID))
    blocking.perform("organization.show", {"org_id": examples.ORGANIZATION_ID})
    asyncio.run(awaited.perform("organization.show", {"org_id": examples.ORGANIZATION_ID}))

    assert first == second
    assert first.etag == second.etag == '"a"'
    assert len({str(each) for each in api.requests}) == 1
    assert api.issued == 1


def test_another_environment_has_the_same_token(api: FakeApi) -> None:
    api.answers.extend([answered({"items": [], "next_cursor": None})] * 2)
    admin = Admin.over(api.connection())
    list(admin.organizations.list())
    list(admin.in_environment("sandbox").organizations.list())

    assert [each.url for each in api.requests] == [
        f"{URL}/api/admin/v1/{name}/organizations" for name in ("production", "sandbox")
    ]
    assert api.issued == 1


def test_an_environment_that_is_not_there_is_refused(api: FakeApi) -> None:
    with pytest.raises(ConfigurationError, match="production or sandbox"):
        Admin.over(api.connection()).in_environment("staging")


def test_an_operation_that_is_not_there_is_refused(api: FakeApi) -> None:
    with pytest.raises(ValueError, match=r"no operation operator\.add"):
        Admin.over(api.connection()).perform("operator.add")


def test_a_client_says_where_it_calls_and_no_secret(api: FakeApi) -> None:
    assert repr(Admin.over(api.connection())) == f"Admin('{URL}', 'production')"
    assert "secret" not in repr(api.connection())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "GATEPASS_SERVER"),
        ("http://auth.example.com", "plain http"),
        ("https://anna:x@auth.example.com", "user name"),
        ("https://auth.example.com?x=1", "query"),
        ("auth.example.com", "not an address"),
    ],
)
def test_an_address_to_which_no_token_may_go_is_refused(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        server_url(url, {})


def test_the_settings_are_those_of_every_client_for_the_admin_api() -> None:
    variables = {"GATEPASS_CLIENT_ID": "me", "GATEPASS_CLIENT_SECRET": "a secret of mine"}
    url = server_url("", {"GATEPASS_SERVER": f"{URL}/"})
    found = settings_from(url, variables)
    assert url == URL
    assert found.token_url == f"{URL}/oauth2/token/"
    assert found.resource == (f"{URL}/api/admin/v1",)

    more = {"GATEPASS_TOKEN_URL": "https://other.example/t", "GATEPASS_RESOURCE": "urn:admin"}
    found = settings_from(url, variables | more)
    assert found.token_url == "https://other.example/t"
    assert found.resource == ("urn:admin",)


def test_credentials_that_are_given_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEPASS_CLIENT_ID", raising=False)
    with pytest.raises(ConfigurationError, match="GATEPASS_CLIENT_ID"):
        Admin(URL)
    admin = Admin(URL, "sandbox", client_id="me", client_secret=lambda: "from elsewhere")
    assert repr(admin) == f"Admin('{URL}', 'sandbox')"
