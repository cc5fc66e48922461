import re

from starlette.testclient import TestClient

from gatepass.wire.metadata import PARTNER_API
from server.partner_api.partner_client import Partner

_OPENAPI = f"{PARTNER_API}/openapi.json"
_DOCS = f"{PARTNER_API}/docs"


def test_the_description_names_every_call_of_the_contract(http: TestClient) -> None:
    document = http.get(_OPENAPI).json()

    assert {path: set(calls) for path, calls in document["paths"].items()} == {
        "/org/{org_id}": {"get"},
        "/org/{org_id}/users": {"get", "post"},
        "/org/{org_id}/users/{user_id}": {"get", "put", "patch", "delete"},
    }
    assert document["servers"] == [{"url": PARTNER_API}]


def test_the_description_says_which_scope_a_call_needs(http: TestClient) -> None:
    document = http.get(_OPENAPI).json()

    needed = {
        (method, scope)
        for calls in document["paths"].values()
        for method, call in calls.items()
        for scope in call["security"][0]["Gatepass"]
    }
    writing = {(method, "write") for method in ("post", "put", "patch", "delete")}
    assert needed == {("get", "read")} | writing
    flow = document["components"]["securitySchemes"]["Gatepass"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "/oauth2/token/"


def test_the_description_has_every_problem_as_a_problem_document(http: TestClient) -> None:
    document = http.get(_OPENAPI).json()

    for calls in document["paths"].values():
        for method, call in calls.items():
            expected = {"400", "401", "403", "404", "422", "503"}
            expected |= {"409"} if method != "get" else set()
            expected |= {"413", "415"} if method in {"post", "put", "patch"} else set()
            refusals = {
                status: response for status, response in call["responses"].items() if status >= "4"
            }
            assert set(refusals) == expected
            assert {tuple(response["content"]) for response in refusals.values()} == {
                ("application/problem+json",)
            }


def test_every_reference_in_the_description_leads_somewhere(http: TestClient) -> None:
    response = http.get(_OPENAPI)

    schemas = response.json()["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', response.text)) <= set(schemas)


def test_the_pages_need_nothing_from_elsewhere(http: TestClient) -> None:
    page = http.get(_DOCS)

    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert not [address for address in addresses if "//" in address]
    for address in addresses:
        assert http.get(f"{PARTNER_API}/{address}").status_code == 200


def test_the_pages_run_under_a_strict_policy(http: TestClient) -> None:
    page = http.get(_DOCS)

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|style=|\son\w+=", page.text)


def test_the_licence_of_what_we_took_along_is_there(http: TestClient) -> None:
    licence = http.get(f"{_DOCS}/swagger-ui/LICENSE")

    assert "Apache License" in licence.text


def test_the_pages_lead_to_no_other_file(partner: Partner) -> None:
    for path in ("../app.py", "..%2fapp.py", "%2e%2e/app.py", "swagger-ui", "/etc/passwd"):
        assert partner.http.get(f"{_DOCS}/{path}").status_code == 404
