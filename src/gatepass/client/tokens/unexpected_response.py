"""Describes a response that is no OAuth response, without quoting it. Pure.

Such a response can contain a token or a secret in any encoding: UTF-16, escapes of JSON or HTML,
base64, compressed. No redaction covers them all, so the body is not quoted. Its media type, its
length and, of an HTML page, a title of plain words show the reader what came.
"""

import re
from collections.abc import Iterable

from gatepass.client.errors import quotable
from gatepass.wire.flow import Response
from gatepass.wire.secret import Secret

_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9][a-z0-9.+-]{0,40}")
_TITLE = re.compile(r"<title>\s*([^<>]{1,200}?)\s*</title>", re.IGNORECASE)
# Words of letters and short numbers: nothing that may be a token, a piece of one or an escape.
_WORD = re.compile(r"(?:[A-Z]?[a-z]{1,12}|[A-Z]{2,5}|\d{1,3})[.,:!]?|-|\|")
_MOST_WORDS = 8
_SEARCHED = 4096  # bytes


def description(response: Response, secrets: Iterable[Secret]) -> str:
    """Return what identifies `response`: media type, length in bytes, title of a page.

    The result has no other character of its body, and none of `secrets`.
    """
    media_type = response.media_type
    kind = media_type if _MEDIA_TYPE.fullmatch(media_type) else "an answer of unknown type"
    title = quotable(_title(response.body[:_SEARCHED]), secrets)
    return f"{kind}, {len(response.body)} bytes" + (f', titled "{title}"' if title else "")


def _title(body: bytes) -> str:
    """Return the title of an HTML page where it is a few plain words, else nothing."""
    found = _TITLE.search(body.decode("ascii", errors="replace"))
    words = found[1].split() if found else []
    if len(words) > _MOST_WORDS or not all(map(_WORD.fullmatch, words)):
        return ""
    if (
        sum(len(word.rstrip(".,:!")) == 1 and word[0].isalnum() for word in words) > 1
    ):  # letter by letter
        return ""
    return " ".join(words)
