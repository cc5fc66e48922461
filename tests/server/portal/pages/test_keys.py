"""Keys of an application in the portal: pasted, made, published, revoked."""

import json
import re
from html import unescape

import pytest

from gatepass.jose.keys.private_key import PrivateKey
from gatepass.server.domain.applications.keys.model import FAULTS
from server.portal.fixtures import Browser, PortalServer

KEY = PrivateKey.generate("ES256")
PUBLIC = json.dumps(KEY.public_jwk())
PASTED = {"key_name": "Nightly import", "key": PUBLIC}


def words(browser: Browser, path: str) -> str:
    text = browser.get(path).text
    return " ".join(unescape(re.sub("<[^>]*>", " ", text)).split())


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    return portal.as_("anna")


@pytest.fixture
def keys(anna: Browser) -> str:
    """The path of the keys of an application, whose secret was shown."""
    app = anna.register()
    anna.get(f"{app}credentials/")
    return f"{app}keys/"


def test_a_pasted_key_is_listed_and_revoked(portal: PortalServer, anna: Browser, keys: str) -> None:
    assert "keys/" in anna.get(keys.replace("keys/", "credentials/")).text
    assert anna.post(f"{keys}add/", **PASTED).status_code == 303
    page = anna.get(keys).text
    assert KEY.kid in page
    assert "Nightly import" in page
    [revoke] = re.findall(r'action="([^"]*/revoke/)"', page)

    assert anna.post(revoke).status_code == 303

    assert KEY.kid not in anna.get(keys).text
    assert portal.actions().count("client_key.added") == 1
    assert portal.actions().count("client_key.revoked") == 1
    assert "Revoked the key Nightly import" in anna.get("/activity/").text


def test_a_long_key_set_with_certificates_is_taken(anna: Browser, keys: str) -> None:
    """The sets that other servers publish have a certificate with each key (`x5c`)."""
    long = json.dumps({"keys": [{**KEY.public_jwk(), "x5c": ["A" * 6000, "B" * 6000]}]})

    assert anna.post(f"{keys}add/", **PASTED | {"key": long}).status_code == 303
    assert KEY.kid in anna.get(keys).text
    other = anna.post(f"{keys}add/", **PASTED | {"key": " " * 20_000})
    named = anna.post(f"{keys}add/", **PASTED | {"key_name": "a" * 6000})
    assert (other.status_code, named.status_code) == (400, 400)


def test_a_private_key_is_refused_and_not_shown_again(anna: Browser, keys: str) -> None:
    for text in (KEY.pem(), json.dumps(KEY.private_jwk())):
        answer = anna.post(f"{keys}add/", **PASTED | {"key": text})

        assert answer.status_code == 400
        assert FAULTS["private"][:30] in unescape(answer.text)
        assert KEY.private_jwk()["d"] not in answer.text
        assert KEY.pem().splitlines()[1] not in answer.text
        assert "Nightly import" in answer.text


JWK = json.dumps(KEY.private_jwk())
HIDDEN = {
    "PEM after other lines": f"writing EC key\n{KEY.pem()}",
    "PEM that ends too early": KEY.pem()[:-30],
    "a JWK that is no JSON": JWK.replace("}", ",}"),
    "a JWK with a comment before it": f"my key: {JWK}",
    "a dict of Python": str(KEY.private_jwk()),
    "second in a set whose first is of no use": f'{{"keys": [{{"kty": "x"}}, {JWK}]}}',
}


@pytest.mark.parametrize("end", ["", "2001-01-01", "tomorrow"])
@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_private_key_is_not_shown_again_whatever_else_is_wrong(
    anna: Browser, keys: str, text: str, end: str
) -> None:
    answer = anna.post(f"{keys}add/", **PASTED | {"key": text, "key_end": end})

    assert answer.status_code == 400
    assert FAULTS["private"][:30] in unescape(answer.text)
    assert KEY.private_jwk()["d"] not in answer.text
    assert KEY.pem().splitlines()[1] not in answer.text


@pytest.mark.parametrize("text", [KEY.pem(), JWK, *HIDDEN.values()])
def test_neither_is_it_on_the_form_of_a_registration(anna: Browser, text: str) -> None:
    answer = anna.post("/oauth2/applications/register/", name="", method="key", key=text)

    assert answer.status_code == 400
    assert KEY.private_jwk()["d"] not in answer.text
    assert KEY.pem().splitlines()[1] not in answer.text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"key": "nonsense"}, "key"),
        ({"key": ""}, "key"),
        ({"key_name": " "}, "key_name"),
        ({"key_name": "a" * 101}, "key_name"),
    ],
)
def test_what_cannot_be_added_is_said_beside_its_field_and_kept(
    anna: Browser, keys: str, form: dict[str, str], field: str
) -> None:
    answer = anna.post(f"{keys}add/", **PASTED | form)

    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    assert unescape(answer.text).count(form.get("key", PUBLIC)) >= 1


@pytest.mark.parametrize("alg", ["ES256", "Ed25519", "PS256"])
def test_a_pair_is_made_and_its_private_key_shown_once(anna: Browser, keys: str, alg: str) -> None:
    assert anna.post(f"{keys}generate/", new_key_name="Made here", alg=alg).status_code == 303
    assert anna.client.head(keys).status_code == 200
    shown = unescape(anna.get(keys).text)

    pem = shown[shown.index("-----BEGIN PRIVATE KEY-----") :].partition("</code>")[0]
    private = PrivateKey.from_pem(pem.encode(), alg)
    again = anna.get(keys).text
    assert f'"kid": "{private.kid}"' in shown
    assert "PRIVATE KEY" not in again
    assert private.kid in again


def test_a_key_gets_another_name_and_an_end_and_loses_the_end_again(
    portal: PortalServer, anna: Browser, keys: str
) -> None:
    assert anna.post(f"{keys}add/", **PASTED, key_end="2027-03-31").status_code == 303
    [change] = re.findall(r'action="([^"]*/change/)"', anna.get(keys).text)
    key_id = change.removesuffix("/change/").rpartition("/")[2]
    assert 'value="2027-03-31"' in anna.get(keys).text

    form = {f"name_{key_id}": "Import", f"end_{key_id}": ""}
    assert anna.post(change, **form).status_code == 303

    assert portal.rows("SELECT name, expires_at FROM application_key") == [("Import", None)]
    assert portal.actions().count("client_key.changed") == 1
    for field, text in ((f"name_{key_id}", " "), (f"end_{key_id}", "2020-01-01")):
        wrong = anna.post(change, **{**form, field: text})
        assert wrong.status_code == 400
        assert f'id="{field}-error"' in wrong.text
        assert f'value="{text}"' in wrong.text


def test_an_end_that_has_passed_adds_no_key(portal: PortalServer, anna: Browser, keys: str) -> None:
    added = anna.post(f"{keys}add/", **PASTED, key_end="2020-01-01")
    made = anna.post(f"{keys}generate/", new_key_name="A", alg="ES256", new_key_end="nonsense")

    assert [added.status_code, made.status_code] == [400, 400]
    assert 'id="key_end-error"' in added.text
    assert 'id="new_key_end-error"' in made.text
    assert portal.rows("SELECT id FROM application_key") == []


def test_an_unknown_algorithm_is_refused(anna: Browser, keys: str) -> None:
    answer = anna.post(f"{keys}generate/", new_key_name="Made here", alg="none")

    assert answer.status_code == 400
    assert 'id="alg-error"' in answer.text


def test_the_address_of_a_key_set_is_saved_and_a_bad_one_is_refused(
    anna: Browser, keys: str
) -> None:
    uri = "https://keys.example.com/jwks.json"
    assert anna.post(f"{keys}setting/", jwks_uri=uri, legacy_audience="yes").status_code == 303
    saved = anna.get(keys).text
    bad = anna.post(f"{keys}setting/", jwks_uri="http://keys.example.com/")

    assert f'value="{uri}"' in saved
    assert re.search(r'name="legacy_audience" value="yes" checked', saved)
    assert bad.status_code == 400
    assert 'id="jwks_uri-error"' in bad.text
    assert "http://keys.example.com/" in bad.text


def test_another_organization_and_people_without_the_right_change_nothing(
    portal: PortalServer, keys: str
) -> None:
    assert portal.as_("bo").get(keys).status_code == 404
    assert portal.as_("bo").post(f"{keys}add/", **PASTED).status_code == 404
    assert portal.as_("sven").get(keys).status_code == 200
    assert portal.as_("sven").post(f"{keys}add/", **PASTED).status_code == 403
    assert portal.browser().get(keys).status_code == 303


def test_a_jwk_set_of_many_keys_is_uploaded_as_a_file_or_pasted(anna: Browser, keys: str) -> None:
    many = [PrivateKey.generate("PS256").public_jwk() for _ in range(7)]
    text = json.dumps({"keys": many}, indent=2)
    sent = {"csrf": anna.csrf(), "key_name": "Set", "key": ""}
    files = {"key_file": ("keys.jwks", text.encode(), "application/octet-stream")}
    headers = {"origin": anna.origin, "sec-fetch-site": "same-origin"}

    uploaded = anna.client.post(f"{keys}add/", data=sent, files=files, headers=headers)
    again = anna.post(f"{keys}add/", key_name="Set", key=text)
    image = anna.client.post(
        f"{keys}add/", data=sent, files={"key_file": ("a.png", b"\x89PNG\xff")}, headers=headers
    )

    assert len(text) > 4096
    assert uploaded.status_code == 303, uploaded.text
    assert [key["kid"] for key in many if key["kid"] not in anna.get(keys).text] == []
    assert (again.status_code, "10 keys at most" in again.text) == (400, True)
    assert image.status_code == 400
    assert "The file is not text." in image.text
