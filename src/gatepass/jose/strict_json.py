"""JSON objects, read so that no two readers can understand them differently (RFC 8259 §4). Pure."""

from json import JSONDecoder

_SPACE = " \t\n\r"


def read_object(text: bytes) -> dict[str, object]:
    """Read a JSON object in UTF-8; raise ValueError, which never quotes the text.

    A member given twice is an error, at any depth: which one counts differs from reader to
    reader. So are NaN and Infinity, which JSON does not have.
    """
    try:
        said = text.decode().strip(_SPACE)
        found, end = _DECODER.raw_decode(said)
    except (ValueError, RecursionError):
        raise ValueError("not valid JSON") from None
    if end != len(said):
        raise ValueError("not valid JSON")
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)
