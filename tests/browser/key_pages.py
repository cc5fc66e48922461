"""The pages of an application's keys in the states a person can meet them in."""

from datetime import timedelta
from types import SimpleNamespace as Thing
from typing import Any, cast
from uuid import UUID

from browser.samples import LONG, NOW, UNBROKEN, Sample, application, before, one, site
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.keys.model import FAULTS, ApplicationKey, KeySetting
from gatepass.server.portal.pages.application_keys.content import (
    ALGORITHMS,
    LABELS,
    last_day,
    reminders,
)
from gatepass.server.portal.presentation.key_snippets import key_snippets

_TEMPLATE = "application/keys.html"
_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
_JWK = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": _X,
    "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
}
PEM = PrivateKey.generate("ES256").pem()
_WHERE = {"issuer": "https://app.example.com", "token_url": "https://app.example.com/oauth2/token/"}

_PASTE = key_snippets(
    cast("Any", Thing(issuer=_WHERE["issuer"], partner_api="https://app.example.com/api")),
    cast("Any", application(org_id="o1")),
    str(_JWK["kid"]),
    "ES256",
)


def _key(name: str, number: int, **more: Any) -> ApplicationKey:  # noqa: ANN401
    jwk = {**_JWK, "kid": more.pop("kid", _JWK["kid"])}
    return ApplicationKey(
        UUID(int=number), name, ClientKey.from_jwk(jwk), before(days=9), "anna", **more
    )


def _page(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        **one("", **changes),
        "keys": [],
        "setting": KeySetting(),
        "last_day": last_day,
        "reminders": reminders(changes.get("keys", []), NOW),
        **dict.fromkeys(("env", "curl", "python"), ""),
        "key_labels": LABELS,
        "algorithms": ALGORITHMS,
        "is_offered": True,
        "docs_url": "/docs/",
        **_WHERE,
        **changes,
        "labels": LABELS,
    }


KEYS = [
    _key("Nightly import", 1, last_used_at=before(hours=1), last_used_from="203.0.113.7"),
    _key(UNBROKEN, 2, kid="a" * 200, expires_at=NOW + timedelta(days=3)),
    _key("Before the move", 3, expires_at=before(days=1)),
]
PAGES = [
    Sample("keys-none", _TEMPLATE, _page(docs_url="", is_offered=False)),
    Sample(
        "keys",
        _TEMPLATE,
        _page(
            application=application(name=LONG),
            keys=KEYS,
            **_PASTE,
            setting=KeySetting("https://keys.example.com/jwks.json", legacy_audience=True),
        ),
    ),
    Sample(
        "keys-wrong",
        _TEMPLATE,
        _page(errors={"key": FAULTS["private"]}, values={"key_name": "Import"}, keys=KEYS[:1]),
    ),
    Sample("keys-seen-by-staff", _TEMPLATE, _page(keys=KEYS[:2], may_change=False)),
    Sample(
        "key-new",
        "application/new_key.html",
        {
            "site": site(),
            "application": application(),
            "here": "/oauth2/applications/1/keys/",
            "kid": _JWK["kid"],
            "alg": "Ed25519",
            "pem": PEM,
            "jwk": '{\n  "kty": "OKP",\n  "crv": "Ed25519",\n  "x": "' + _X + '"\n}',
            **_PASTE,
            **_WHERE,
        },
    ),
]
