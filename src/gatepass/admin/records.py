"""What operations return: records, read from JSON by the types of their fields.

A field that is not described here is left out: a newer server may send more. A field that may be
None is None where an older server does not send it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    Generic,
    NamedTuple,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)
from uuid import UUID

from gatepass.wire.secret import Secret

_PLAIN = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
}


class Effect(NamedTuple):
    """What an operation would stop: in sentences, and in numbers by their names."""

    is_reversible: bool
    sentences: tuple[str, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Performed:
    """What came of an operation: its result as JSON has it, which may have a secret.

    `effect` is there for a dry run alone, where the operation says what it stops.
    """

    result: dict[str, Any] = field(repr=False)
    etag: str = ""
    effect: Effect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A result.

    `etag` is that of the object which was read or changed; a change takes the record as
    `if_match`. `effect` is what a dry run would stop.
    """

    etag: str = field(default="", repr=False, compare=False)
    effect: Effect | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing(Record):
    """The result of an operation that has nothing to say."""


Item = TypeVar("Item")
Result = TypeVar("Result", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items(Record, Generic[Item]):
    """A result that has all objects of a list; it can be iterated over."""

    items: tuple[Item, ...]

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def read(kind: type[Result], value: object, etag: str = "", effect: Effect | None = None) -> Result:
    """Return the record that a JSON value is; raise ValueError, which names the field, if none."""
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    types = _types_of(cast("Any", kind))  # a class can be hashed, which mypy doubts
    given = {name: _value(wanted, value.get(name), name) for name, wanted in types.items()}
    return kind(etag=etag, effect=effect, **given)


def read_effect(value: object) -> Effect | None:
    """Return the effect of a dry run; raise ValueError for what is none."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("effect is not an object")
    reversible, sentences, counts = map(value.get, ("reversible", "sentences", "counts"))
    return Effect(
        _value(bool, reversible, "effect.reversible"),
        _value(tuple[str, ...], sentences, "effect.sentences"),
        _value(Mapping[str, int], counts, "effect.counts"),
    )


@cache
def _types_of(kind: type[Any]) -> dict[str, Any]:
    """Return the type of each field of a record that an answer has."""
    hints = get_type_hints(kind)
    items = _item_type(kind)
    own = [each.name for each in fields(kind) if each.name not in {"etag", "effect"}]
    return {
        name: tuple[items, ...] if name == "items" and items else hints[name]  # type: ignore[valid-type]
        for name in own
    }


def _item_type(kind: type[Record]) -> object:
    """Return what a list has, None where the record is no list."""
    for base in getattr(kind, "__orig_bases__", ()):
        if get_origin(base) is Items:
            return get_args(base)[0]
    return None


def _value(wanted: Any, value: object, name: str) -> Any:  # noqa: ANN401 - of any type
    origin = get_origin(wanted)
    if origin in {Union, UnionType}:
        if value is None and NoneType in get_args(wanted):
            return None
        [wanted] = [each for each in get_args(wanted) if each is not NoneType]
        origin = get_origin(wanted)
    if origin is tuple:
        each_wanted = get_args(wanted)[0]
        return tuple(
            _value(each_wanted, each, f"{name}.{place}")
            for place, each in enumerate(_of(list, value, name, "a list"))
        )
    if origin is not None:  # a mapping of names
        members = _of(dict, value, name, "an object")
        of_each = get_args(wanted)[1]
        return {key: _value(of_each, each, f"{name}.{key}") for key, each in members.items()}
    return _single(wanted, value, name)


def _single(wanted: Any, value: object, name: str) -> Any:  # noqa: ANN401 - of any type
    if issubclass(wanted, Record):
        try:
            return read(wanted, value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if wanted is Secret:
        return Secret(_of(str, value, name, "a text"))
    if wanted is float:
        return float(_of((int, float), value, name, "a number"))
    if wanted in _PLAIN:
        return _of(wanted, value, name, _PLAIN[wanted])
    text = _of(str, value, name, "a text")
    try:
        return UUID(text) if wanted is UUID else _moment(text)
    except ValueError:
        what = "an id" if wanted is UUID else "a moment"
        raise ValueError(f"{name} is not {what}") from None


def _of(kind: Any, value: object, name: str, words: str) -> Any:  # noqa: ANN401 - of any type
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ValueError(f"{name} is not {words}")
    return value


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("without a time zone")
    return moment


def list_of(value: object) -> Sequence[object]:
    """Return the items of a page; raise ValueError where there are none."""
    items = value.get("items") if isinstance(value, dict) else None
    return list(_of(list, items, "items", "a list"))
