"""Ten thousand requests, the same in every run: plain ones, and what goes wrong with them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from server.fixtures import Client, raw_basic

VECTORS = Path(__file__).parents[3] / "vectors"
HOW_MANY = 10_000
_SEED = 20261125
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ask:
    """A request in its parts, each of which a fault may replace."""

    path: str = "/oauth2/token/"
    method: str = "POST"
    version: str = "HTTP/1.1"
    host: tuple[str, ...] = ("localhost:8000",)
    authorization: tuple[str, ...] = ()
    content_type: tuple[str, ...] = (_FORM,)
    body: bytes = b"grant_type=client_credentials"
    more: Headers = ()
    length: tuple[str, ...] | None = None  # None: the right one
    is_whole: bool = True  # else the client says no more and goes
    is_framed_oddly: bool = False  # what is left of it would spoil the connection

    def raw(self) -> bytes:
        length = (str(len(self.body)),) if self.length is None else self.length
        headers = [
            *(("Host", each) for each in self.host),
            *(("Authorization", each) for each in self.authorization),
            *(("Content-Type", each) for each in self.content_type),
            *(("Content-Length", each) for each in length),
            *self.more,
        ]
        lines = [f"{self.method} {self.path} {self.version}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + self.body


class People(NamedTuple):
    """Who asks, and the tokens they ask about."""

    one: Client
    other: Client
    sandboxed: Client
    tokens: tuple[str, ...]


class Fault(NamedTuple):
    """A change of a request, with its name."""

    name: str
    changes: dict[str, object]

    def upon(self, ask: Ask) -> Ask:
        return replace(ask, **self.changes)  # type: ignore[arg-type]


def ten_thousand(people: People) -> Iterator[tuple[str, Ask]]:
    """Return every fault alone upon every plain request, then faults by twos and threes.

    The name of a plain request ends with "plain".
    """
    plain = list(_plain(people))
    inner = [*_of_addresses(), *_of_headers(people), *_of_bodies(people)]
    # A body in another frame than its own would keep both sides waiting for the other.
    outer = [*_of_addresses(), *_of_headers(people)]
    framing = list(_of_framing())
    singles = [
        (f"{name}, {fault.name}", fault.upon(ask))
        for name, ask in plain
        for fault in (*inner, *framing)
    ]
    made = [(f"{name}, plain", ask) for name, ask in plain] + singles
    chance = random.Random(_SEED)
    while len(made) < HOW_MANY:
        name, ask = chance.choice(plain)
        kind = chance.randrange(3)
        faults: list[Fault] = []
        if kind == 1:
            faults = chance.sample(inner, chance.choice((2, 3)))
        elif kind == 2:
            faults = [chance.choice(framing), chance.choice(outer)]
        for fault in faults:
            name, ask = f"{name}, {fault.name}", fault.upon(ask)
        made.append((name if faults else f"{name}, plain", ask))
    chance.shuffle(made)
    yield from made[:HOW_MANY]


def _plain(people: People) -> Iterator[tuple[str, Ask]]:
    for by_name, by in (("one", people.one), ("other", people.other)):
        basic = (raw_basic(f"{by.client_id}:{by.secret.value}".encode()),)
        for path in ("/oauth2/token/", "/oauth2/token"):
            yield f"token {by_name} {path}", Ask(path=path, authorization=basic)
        for number, token in enumerate(people.tokens):
            body = f"token={token}".encode()
            ask = Ask(path="/oauth2/introspect/", authorization=basic, body=body)
            yield f"introspect {by_name} {number}", ask
    for number, token in enumerate(people.tokens):
        for query in ("", "?scope=read", "?scope=write"):
            path = f"/oauth2/verify/{query}"
            ask = Ask(path=path, authorization=(f"Bearer {token}",))
            yield f"verify {number} {query}", ask

    for path, token in zip(
        ("nginx/?scope=write", "envoy/production/scope=write//a/b?scope=read"),
        reversed(people.tokens[:2]),
        strict=True,
    ):
        ask = Ask(path=f"/oauth2/verify/{path}", authorization=(f"Bearer {token}",))
        yield f"verify {path}", ask


def _faults(people: People) -> Iterator[Fault]:
    yield from _of_addresses()
    yield from _of_headers(people)
    yield from _of_bodies(people)
    yield from _of_framing()


def _of_addresses() -> Iterator[Fault]:
    paths = [
        "/oauth2/introspect",
        "/oauth2/verify?organization=x",
        "/oauth2/verify/?audience=https://meters.example.com/",
        "/oauth2/verify/nginx?scopes=read",
        "/oauth2/verify/envoy/production/any?x",
        "/oauth2/verify/envoy/production/orders/7",
        "/oauth2/verify/envoy/sandbox/any/x#?y",
        "/oauth2/verify/envoy/sandbox/scope=read%2Bwrite/%zz",
        "/oauth2/verify/envoy/sandbox/any/\u00e9",
        "/oauth2/verify/env%6Fy/sandbox/any/x",
        "http://localhost:8000/oauth2/verify/envoy/production/any/x",
        "/oauth2/revoke/",
        "/oauth2/tokens/",
        "/oauth2/token//",
        "//oauth2/token/",
        "/OAUTH2/token/",
        "/oauth2/%74oken/",
        "/oauth2/token/%2e%2e/",
        "/oauth2/token/?",
        "/oauth2/token/?x=1",
        "/oauth2/token/?scope=read&scope=write",
        "/oauth2/token/?client_secret=x",
        "/oauth2/introspect/?token=x",
        "/oauth2/token?a?b#c",
        "/oauth2/token/#x",
        "/oauth2/token/?x=\u00e9",
        "/oauth2/token/\u00e9",
        "/oauth2/token/;x",
        "http://localhost:8000/oauth2/token/",
        "http://localhost:8001/oauth2/token/?x=1",
        "http://user@[::1/oauth2/token/?x",
        "http://:99999/oauth2/token/?x",
        "*",
        "?",
        "/",
        "/healthz",
        "/.well-known/oauth-authorization-server",
        "localhost:8000",
        "/oauth2/token/ HTTP/1.1 x",
    ]
    yield from (Fault(f"path {path}", {"path": path}) for path in paths)
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "BREW", "post", ""):
        yield Fault(f"method {method}", {"method": method})
    for version in ("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP", ""):
        yield Fault(f"version {version}", {"version": version})
    hosts: list[tuple[str, ...]] = [
        ("LocalHost:8000",),
        ("localhost:8001",),
        ("127.0.0.1:8000",),
        ("localhost",),
        ("",),
        (),
        ("example.com",),
        ("localhost:8000", "localhost:8000"),
        ("localhost:8000", "localhost:8001"),
        ("localhost:8000 ",),
        ("localhost:8000\t",),
        ("localhost:8000, localhost:8001",),
    ]
    yield from (Fault(f"host {host}", {"host": host}) for host in hosts)


def _of_headers(people: People) -> Iterator[Fault]:
    one, other = people.one, people.other
    right = raw_basic(f"{one.client_id}:{one.secret.value}".encode())
    values: dict[str, tuple[str, ...]] = {
        "none": (),
        "empty": ("",),
        "twice": (right, right),
        "two": (right, raw_basic(f"{other.client_id}:{other.secret.value}".encode())),
        "lower-case scheme": (right.replace("Basic", "basic"),),
        "two spaces": (right.replace(" ", "  "),),
        "bearer": (f"Bearer {people.tokens[0]}",),
        "bearer, another's": (f"bearer  {people.tokens[1]}",),
        "bearer, none": ("Bearer ",),
        "bearer, malformed": ('Bearer "x"',),
        "bearer, two": (f"Bearer {people.tokens[0]}, Bearer {people.tokens[1]}",),
        "wrong secret": (raw_basic(f"{one.client_id}:wrong".encode()),),
        "another's secret": (raw_basic(f"{one.client_id}:{other.secret.value}".encode()),),
        "unknown": (raw_basic(b"nobody:nothing"),),
        "sandbox": (
            raw_basic(f"{people.sandboxed.client_id}:{people.sandboxed.secret.value}".encode()),
        ),
        "very long": ("Basic " + "A" * 9000,),
    }
    for name, text in _vectors("malformed_basic.json"):
        if not set(text) & set("\r\n\0"):
            values[f"malformed: {name}"] = ("Basic " + text,)
    for name, value in values.items():
        yield Fault(f"authorization {name}", {"authorization": value})
    kinds: list[tuple[str, ...]] = [
        (),
        ("",),
        (_FORM.upper(),),
        (_FORM + "; charset=utf-8",),
        (_FORM + ";",),
        (_JSON,),
        ("text/plain",),
        ("multipart/form-data; boundary=x",),
        (_FORM, _FORM),
        (_FORM, _JSON),
        ("text/json",),
    ]
    yield from (Fault(f"type {kind}", {"content_type": kind}) for kind in kinds)
    more: list[Headers] = [
        (("User-Agent", "curl/8"), ("Accept", "*/*")),
        (("Cookie", "a=b"), ("Cookie", "c=d")),
        (("X-Forwarded-For", "192.0.2.9"), ("X-Forwarded-Proto", "https")),
        (("Accept-Encoding", "gzip"), ("Accept", "text/html")),
        (("X" * 300, "y" * 3000),),
        (("X-Odd", "\u00e9\u20ac"),),
        (("x-tab", "\ta\t"),),
        (("Content-Encoding", "gzip"),),
        (("Content-Encoding", "identity"),),
        (("Accept", "text/json"),),
        (("Origin", "https://pages.example.com"),),
        (("Origin", "https://elsewhere.example"),),
        (("Origin", "https://pages.example.com"), ("Access-Control-Request-Method", "POST")),
    ]
    yield from (Fault(f"more {sent}"[:80], {"more": sent}) for sent in more)


def _of_bodies(people: People) -> Iterator[Fault]:
    one = people.one
    token = people.tokens[0]
    grant = b"grant_type=client_credentials"
    in_body = f"client_id={one.client_id}&client_secret={one.secret.value}".encode()
    wrong = f"&client_id={one.client_id}&client_secret=x".encode()
    about = f"token={token}".encode()
    forms = {
        "empty": b"",
        "id and secret": grant + b"&" + in_body,
        "only id and secret, no grant": in_body,
        "id alone": grant + f"&client_id={one.client_id}".encode(),
        "another id": grant + b"&client_id=other",
        "assertion": grant + b"&client_assertion=x&client_assertion_type=y",
        "other grant": b"grant_type=authorization_code",
        "scope read": grant + b"&scope=read",
        "scope beyond": grant + b"&scope=admin",
        "resource": grant + b"&resource=http://localhost:8000/api/partners/v2.0",
        "hint": f"token={token}&token_type_hint=access_token".encode(),
        "two tokens": about + b"&" + about,
        "token with credentials": about + b"&" + in_body,
        "token with wrong secret": about + wrong,
        "64 KiB": grant + b"&x=" + b"y" * (65536 - len(grant) - 3),
        "64 KiB and one": grant + b"&x=" + b"y" * (65537 - len(grant) - 3),
        "100 KiB": b"x=" + b"y" * 100_000,
        "4 KiB value": grant + b"&x=" + b"y" * 4096,
        "many": b"&".join(b"p%d=1" % number for number in range(101)),
    }
    for name, text in _vectors("malformed_forms.json"):
        forms[f"malformed: {name}"] = text.encode("latin-1", "replace")
    for name, text in _vectors("malformed_scopes.json"):
        forms[f"scope {name}"] = grant + b"&scope=" + quote(text).encode()
    for name, text in _vectors("token/refused_resources.json"):
        forms[f"resource {name}"] = grant + b"&resource=" + quote(text, safe="").encode()
    for name, text in _vectors("token/garbage.json"):
        forms[f"token {name}"] = b"token=" + quote(text, safe="").encode()
    for cut in range(0, len(token), 16):
        forms[f"token cut at {cut}"] = b"token=" + token[:cut].encode()
    for name, body in forms.items():
        yield Fault(f"form {name}", {"body": body})
    objects = {
        "grant": json.dumps({"grant_type": "client_credentials"}),
        "token": json.dumps({"token": token}),
    } | {f"malformed: {name}": text for name, text in _vectors("malformed_json.json")}
    for name, text in objects.items():
        body = text.encode("utf-8", "replace")
        yield Fault(f"json {name}", {"body": body, "content_type": (_JSON,)})


def _of_framing() -> Iterator[Fault]:
    for fault in (*_of_connections(), *_of_chunks(), *_of_lengths()):
        yield Fault(fault.name, {"is_framed_oddly": True, **fault.changes})


def _of_connections() -> Iterator[Fault]:
    connections = ("close", "Close", "keep-alive", "upgrade", "close, keep-alive", "x")
    for value in connections:
        yield Fault(f"connection {value}", {"more": (("Connection", value),)})
    yield Fault("1.0 keep-alive", {"version": "HTTP/1.0", "more": (("Connection", "keep-alive"),)})
    yield Fault("expect", {"more": (("Expect", "100-continue"),)})
    yield Fault("expect else", {"more": (("Expect", "the unexpected"),)})
    for protocol in ("h2c", "websocket"):
        more = (("Connection", "Upgrade"), ("Upgrade", protocol))
        yield Fault(f"upgrade to {protocol}", {"more": more})


def _of_chunks() -> Iterator[Fault]:
    grant = b"grant_type=client_credentials"
    chunked = ("Transfer-Encoding", "chunked")
    pieces = {
        "one": b"1d\r\n" + grant + b"\r\n0\r\n\r\n",
        "two": b"a\r\n" + grant[:10] + b"\r\n13\r\n" + grant[10:] + b"\r\n0\r\n\r\n",
        "none": b"0\r\n\r\n",
        "extension": b"1d;a=b\r\n" + grant + b"\r\n0\r\n\r\n",
        "trailer": b"1d\r\n" + grant + b"\r\n0\r\nAuthorization: Basic eDp5\r\n\r\n",
        "trailer expects": b"1d\r\n" + grant + b"\r\n0\r\nExpect: 100-continue\r\n\r\n",
    }
    for name, body in pieces.items():
        yield Fault(f"chunked {name}", {"more": (chunked,), "length": (), "body": body})
    broken = {"size": b"zz\r\nxx\r\n0\r\n\r\n", "end": b"3\r\nabcd\r\n0\r\n\r\n"}
    for name, body in broken.items():
        yield Fault(f"chunked, broken {name}", {"more": (chunked,), "length": (), "body": body})
    yield Fault("chunked with length", {"more": (chunked,), "body": pieces["one"]})
    yield Fault("gzip encoding", {"more": (("Transfer-Encoding", "gzip"),), "length": ()})
    unended = {"more": (chunked,), "length": (), "body": b"5\r\nabc", "is_whole": False}
    yield Fault("chunks without end", unended)


def _of_lengths() -> Iterator[Fault]:
    for length in ("-1", "x", "1e3", "+29", "29 29", "29,29", "99999999999999999999999"):
        yield Fault(f"length {length}", {"length": (length,)})
    yield Fault("two lengths", {"length": ("29", "29")})
    yield Fault("length too short", {"length": ("5",)})
    yield Fault("length zero", {"length": ("0",)})
    yield Fault("length too long", {"length": ("1000",), "is_whole": False})
    for name, value in (("Bad Name", "x"), ("Folded", "a\r\n b"), ("Nul", "a\0b"), ("", "x")):
        yield Fault(f"header {name!r}", {"more": ((name, value),)})
    yield Fault("lone line feed", {"more": (("A", "b\nC: d"),)})


def _vectors(name: str) -> Iterator[tuple[str, str]]:
    loaded = json.loads((VECTORS / name).read_text())
    for key, value in loaded.items():
        yield key, value if isinstance(value, str) else json.dumps(value)
