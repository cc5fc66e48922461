"""Generated streams of requests: well-formed ones, odd ones, and what comes of cutting in them."""

from functools import cache
from typing import NamedTuple

from hypothesis import strategies as st

MARKER = b"GET /marker HTTP/1.1\r\nHost: api.example\r\n\r\n"
"""A request that stands in bodies and must never be served."""


def _sized(form: bytes, number: int) -> bytes:
    """Return `number` in that form, which may have it twice or not at all."""
    return form % ((number,) * form.count(b"%"))


_CRLF = b"\r\n"
_METHODS = (b"GET", b"POST", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH")
_ODD_METHODS = (b"CONNECT", b"get", b"BREW", b"PRI", b"M-SEARCH", b"G\tET", b"", b"GET\0")
_TARGETS = (b"/fast", b"/fast-form", b"/fast?a=b", b"/any", b"/early", b"/a%2Fb?c=%00&d", b"/?")
_ODD_TARGETS = (
    b"http://api.example/fast",
    b"HTTP://other.example/any?x=http://a/",
    b"https://api.example",
    b"http://user@api.example/any",
    b"http:///any",
    b"ftp://api.example/any",
    b"api.example:80",
    b"*",
    b"any",
    b"//other.example/any",
    b"/any#x",
    b"/any?a?b",
    b"/\xc3\xa9",
    b"/\x7f",
    b"/a b",
    b"/a\tb",
    b"/a\0b",
    b'/"<>\\^`{|}',
    b"",
)
_VERSIONS = (
    *(b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.10", b"HTTP/11", b"http/1.1"),
    *(b"HTTP/1.1 ", b" HTTP/1.1", b"HTTP/1,1", b"HTTP", b"ICE/1.0", b""),
)
_HOST = b"Host: api.example"
_HOSTS = (b"", b"Host: other.example", b"Host:", b"Host : api.example", b"Host: a\r\nHost: a")
_FIELDS = (
    b"Accept: */*",
    b"X-Empty:",
    b"X-Spaces:  a b  \t",
    b"X-Text: caf\xc3\xa9",
    b"Connection: Upgrade\r\nUpgrade: websocket",
    b"Connection: keep-alive, Upgrade\r\nUpgrade: foo",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
    b"Upgrade: h2c",
    b"Connection: keep-alive",
    b"Expect: 100-continue",
    b"Cookie: a=b\r\nCookie: c=d",
)
_ODD_FIELDS = (
    b"Connection: close",
    b"Connection: Close, x",
    b"Connection: close\t",
    b"Connection: keep-alive\r\nConnection: close",
    b"Connection: close\r\nConnection: keep-alive",
    b'Connection: "close"',
    b"Connection:\r\n close",
    b"Connection: upgrade\r\nUpgrade:",
    b"Expect: the-unexpected",
    b"X-Folded: a\r\n b",
    b"X-Folded: a\r\n\tContent-Length: 5",
    b"\tX: y",
    b"X-Space : y",
    b"X Space: y",
    b": y",
    b"X",
    b"X-Nul: a\0b",
    b"X-Control: a\x01\x0bb",
    b"X-Feed: a\nX: y",
    b"X-Return: a\rX: y",
    b"X-Return: a\r",
    b"X-\xc3\xa9: y",
    b"X-Delete: \x7f",
    b"\xef\xbb\xbfX: y",
    b"Content_Length: 5",
    b"Proxy-Connection: close",
    b"Trailer: Content-Length",
)
_BODIES = (
    b"",
    b"a",
    b"grant_type=client_credentials",
    MARKER,
    b"\r\n" + MARKER,
    b"0\r\n\r\n" + MARKER,
)
_LENGTHS = (
    *(b"+%d", b"-%d", b"0%d", b"0x%x", b"%d,", b"%d ", b"\t%d", b"%d\t", b"%d a", b"%d.0", b"'%d'"),
    *(b"%d, %d", b"%d,%d", b"%d_0", b"\x0b%d", b"99999999999999999999%d", b"%de0", b""),
    b"0" * 5000 + b"%d",
    b"18446744073709551616",
    b"18446744073709551%d",
)
_CODINGS = (
    *(b"Chunked", b"CHUNKED", b"identity, chunked", b"chunked, chunked", b"chunked, identity"),
    *(b"gzip, chunked", b"chunked ", b"\tchunked", b"chunked;q=1", b'"chunked"', b"x", b"", b","),
    *(b", chunked", b"chunked,", b"\x0bchunked", b"chunked\x00", b"chunked\r\n ", b"\r\n chunked"),
)
_TWICE = (
    b"Content-Length: 5\r\nContent-Length: 5",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    b"Transfer-Encoding: x\r\nContent-Length: 5",
    b"Transfer-Encoding : chunked\r\nContent-Length: 5",
    b"Transfer-Encoding:\nchunked\r\nContent-Length: 5",
    b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5",
)
_SIZES = (b"%x", b"%X", b"0%x", b"000000000000%x")
_ODD_SIZES = (
    *(b"0x%x", b"+%x", b"-%x", b" %x", b"%x ", b"%x\t", b"%xg", b"", b"%x\r", b"%x\n", b"%x\0"),
    *(b"1%016x", b"ffffffffffffffff%x", b"10000000000000000%x", b"0" * 30 + b"%x", b"_%x"),
)
_EXTENSIONS = (b"", b"", b";a", b";a=b", b';a="b c"', b";" + b"e" * 900)
_ODD_EXTENSIONS = (
    *(b';a="\r\n"', b";a=\n", b";a=\r", b";a\0", b" ;a", b";", b";;", b"; a = b", b";\x01", b"a=b"),
    *(b";a=\r\nGET /marker HTTP/1.1\r\n", b";\xc3\xa9", b";" + b"e" * 1100),
)
_ENDS = (b"\r\n", b"\n", b"\r", b"", b"\r\r\n", b"x\r\n", b"\r\n\r\n", b" \r\n")
_TRAILERS = (b"", b"", b"X-Trailer: a\r\n", b"A:\r\nB: c\r\n")
_ODD_TRAILERS = (
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n", b" x\r\n"),
    *(
        b"X\r\n",
        b"X : y\r\n",
        b"X: y\n",
        b"X: \0\r\n",
        b"X: \x0b\r\n",
        b"X: a\r\n b\r\n",
        b": x\r\n",
    ),
    b"GET /marker HTTP/1.1\r\n",
)
_SIZED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(MARKER), MARKER)
_DECLARED = (
    *((b"Content-Length: " + _sized(form, len(MARKER)), MARKER) for form in (b"%d", *_LENGTHS)),
    *((b"Transfer-Encoding: " + coding, _SIZED) for coding in (b"chunked", *_CODINGS)),
    *((b"Content-Length: %d\r\nTransfer-Encoding: %b" % (len(_SIZED), coding), _SIZED)
      for coding in (b"chunked", *_CODINGS)),
    *((b"Transfer-Encoding: %b\r\nContent-Length: %d" % (coding, len(_SIZED)), _SIZED)
      for coding in (b"chunked", *_CODINGS)),
)  # fmt: skip
"""Fields that declare a body, whichever of them a server heeds, and that body."""
_BREAKS = (
    *(
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b"\0",
        b" ",
        b"\t",
        b":",
        b"0",
        b"\xff",
        b"\x0b",
    ),
    *(b"", b"a", b",", b";", MARKER, b"0\r\n\r\n"),
)


class Stream(NamedTuple):
    """Bytes as they arrive, and how often the event loop turns after each piece."""

    pieces: tuple[bytes, ...]
    turns: int

    @property
    def raw(self) -> bytes:
        return b"".join(self.pieces)


@cache
def _rarely(
    usual: tuple[bytes, ...], odd: tuple[bytes, ...], ratio: int = 7
) -> st.SearchStrategy[bytes]:
    """Draw from `usual` that many times as often as from `odd`."""
    times = -(-ratio * len(odd) // len(usual))
    return st.sampled_from(usual * max(times, 1) + odd)


def _chunk(draw: st.DrawFn, size: st.SearchStrategy[bytes], more: tuple[bytes, ...]) -> bytes:
    content = draw(st.sampled_from(_BODIES[1:]))
    extension, end = draw(_rarely(_EXTENSIONS, more)), draw(_rarely((_CRLF,), more and _ENDS, 15))
    return b"%b%b\r\n%b%b" % (_sized(draw(size), len(content)), extension, content, end)


@st.composite
def clean_bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Draw the fields that declare a body, and the body."""
    if draw(st.booleans()):
        body = draw(st.sampled_from(_BODIES))
        return b"Content-Length: %d" % len(body), body
    chunks = draw(st.integers(0, 3))
    size = st.sampled_from(_SIZES)
    content = b"".join(_chunk(draw, size, ()) for _ in range(chunks))
    last = draw(st.sampled_from((b"0", b"000", b"0;a=b")))
    trailers = draw(st.sampled_from(_TRAILERS))
    return b"Transfer-Encoding: chunked", b"%b%b\r\n%b\r\n" % (content, last, trailers)


@st.composite
def odd_bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Draw fields that declare a body in an odd way, or an odd body."""
    kind = draw(st.integers(0, 3))
    if kind == 0:
        body = draw(st.sampled_from(_BODIES))
        return b"Content-Length: " + _sized(draw(st.sampled_from(_LENGTHS)), len(body)), body
    chunks = draw(st.integers(0, 2))
    size = _rarely(_SIZES, _ODD_SIZES)
    content = b"".join(_chunk(draw, size, _ODD_EXTENSIONS) for _ in range(chunks))
    last = draw(_rarely((b"0",), (b"0x0", b"-0", b" 0", b"0 ", b"00;", b"0\0", b"0\n", b""), 15))
    trailers = draw(_rarely(_TRAILERS, _ODD_TRAILERS, 3))
    body = b"%b%b\r\n%b\r\n" % (content, last, trailers)
    if kind == 1:
        return b"Transfer-Encoding: " + draw(st.sampled_from(_CODINGS)), body
    if kind == 2:
        return draw(st.sampled_from(_TWICE)), body
    return b"Transfer-Encoding: chunked", body


_NO_BODY = st.just((b"", b""))


@st.composite
def clean_requests(draw: st.DrawFn) -> bytes:
    """Draw a request that must be served."""
    method, target = draw(st.sampled_from(_METHODS)), draw(st.sampled_from(_TARGETS))
    fields = draw(st.lists(st.sampled_from(_FIELDS), max_size=3, unique=True))
    framing, body = draw(st.one_of(_NO_BODY, clean_bodies()))
    lines = (b"%b %b HTTP/1.1" % (method, target), _HOST, *fields, *([framing] if framing else []))
    return _CRLF.join((*lines, b"", b"")) + body


@st.composite
def odd_requests(draw: st.DrawFn) -> bytes:
    """Draw a request of which any part may be odd."""
    method = draw(_rarely(_METHODS, _ODD_METHODS, 15))
    target = draw(_rarely(_TARGETS, _ODD_TARGETS))
    version = draw(_rarely((b"HTTP/1.1",), _VERSIONS))
    host = draw(_rarely((_HOST,), _HOSTS, 15))
    fields = draw(st.lists(_rarely(_FIELDS, _ODD_FIELDS, 5), max_size=3))
    framing, body = draw(st.one_of(_NO_BODY, clean_bodies(), odd_bodies()))
    line = b"%b %b %b" % (method, target, version) if version else b"%b %b" % (method, target)
    lines = [line, *(each for each in (host, *fields, framing) if each)]
    if draw(st.integers(0, 15)) == 0:
        lines[0], lines[-1] = lines[-1], lines[0]
    return _CRLF.join((*lines, b"", b"")) + body


@st.composite
def _cut(draw: st.DrawFn, raw: bytes) -> Stream:
    """Cut a stream into the pieces in which it arrives."""
    turns = draw(st.sampled_from((0, 1, 4)))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return Stream((raw,), turns)
    if kind == 1:
        return Stream(tuple(raw[n : n + 1] for n in range(len(raw))), min(turns, 1))
    if kind == 2:
        size = draw(st.integers(1, 70))
        return Stream(tuple(raw[n : n + size] for n in range(0, len(raw), size)), turns)
    places = sorted(draw(st.lists(st.integers(0, len(raw)), min_size=1, max_size=4)))
    pairs = zip([0, *places], [*places, len(raw)], strict=True)
    return Stream(tuple(raw[a:b] for a, b in pairs if a < b), turns)


@st.composite
def clean_streams(draw: st.DrawFn) -> Stream:
    """Draw a pipeline of which every request must be served."""
    return draw(_cut(b"".join(draw(st.lists(clean_requests(), min_size=1, max_size=5)))))


@st.composite
def streams_of_declared_bodies(draw: st.DrawFn) -> Stream:
    """Draw a pipeline in which every marker is in a body that its request declares somehow."""
    raw = b""
    for _ in range(draw(st.integers(1, 4))):
        framing, body = draw(st.sampled_from(_DECLARED))
        method, target = draw(_rarely(_METHODS, _ODD_METHODS, 15)), draw(st.sampled_from(_TARGETS))
        version = draw(_rarely((b"HTTP/1.1",), _VERSIONS))
        fields = draw(st.lists(_rarely(_FIELDS, _ODD_FIELDS, 5), max_size=2))
        raw += _CRLF.join((b"%b %b %b" % (method, target, version), _HOST, *fields, framing))
        raw += b"\r\n\r\n" + body
    return draw(_cut(raw))


@st.composite
def mutations(draw: st.DrawFn, raw: bytes, most: int = 3) -> bytes:
    """Change a stream in a few places."""
    for _ in range(draw(st.integers(0, most))):
        place, kind = draw(st.integers(0, len(raw))), draw(st.integers(0, 4))
        if kind == 0:
            raw = raw[:place] + draw(st.sampled_from(_BREAKS)) + raw[place:]
        elif kind == 1:
            raw = raw[:place] + draw(st.sampled_from(_BREAKS)) + raw[place + 1 :]
        elif kind == 2:
            flipped = bytes(
                byte ^ (1 << draw(st.integers(0, 7))) for byte in raw[place : place + 1]
            )
            raw = raw[:place] + flipped + raw[place + 1 :]
        else:
            end = place + draw(st.integers(1, 60))
            raw = raw[:place] + raw[place:end] * (2 if kind == 3 else 0) + raw[end:]
    return raw


@st.composite
def streams(draw: st.DrawFn, corpus: tuple[bytes, ...] = ()) -> Stream:
    """Draw a pipeline of odd and clean requests and what may be around them."""
    request = st.one_of(clean_requests(), odd_requests())
    if corpus:
        request = st.one_of(request, st.sampled_from(corpus))
    parts = draw(st.lists(request, min_size=1, max_size=5))
    between = _rarely((b"",), (_CRLF, _CRLF * 3, b"\n", b"\r", b" ", b"garbage", b"\0"), 15)
    raw = b"".join(draw(between) + part for part in parts)
    if draw(st.integers(0, 2)) == 0:
        raw = draw(mutations(raw))
    if draw(st.integers(0, 7)) == 0:
        raw = raw[: draw(st.integers(0, len(raw)))]
    return draw(_cut(raw))
