"""The reference of the log's events: which there are, from the code; when and why, from a table."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SOURCES = (ROOT / "src" / "gatepass" / "server", ROOT / "src" / "gatepass" / "concurrency")
TABLE = ROOT / "docs" / "log_events.toml"

_LEVELS = {"debug", "info", "warning", "error", "critical"}
_LEVEL_OF = {"exception": "error"}
_EXCEPTION = "exception"  # the field with a traceback
_HEAD = """\
# Log events

<!-- Written by docs/generate.py from src/gatepass/server and docs/log_events.toml. -->

The server writes one line for each event to standard error: JSON, or text on a terminal
(`log_format`). Every line has `ts` (UTC), `level` and `event`, JSON also the process id (`pid`);
while a span of OpenTelemetry is open, `trace_id` and `span_id`. Names and fields below are stable;
texts in `advice`, `reason` and `error` are for people. Secrets, tokens and passwords are in none.

Lines whose `event` is a sentence are of uvicorn, the HTTP server. Guard and client log sentences
as well, under the loggers `gatepass.guard` and `gatepass.client`: see
[Log and monitor the client](../tasks/log-and-monitor-the-client.md).

Errors need somebody: something does not work, or soon will not. Warnings need a look in working
hours.
"""


class Event(NamedTuple):
    """An event, as the code writes it. `has_more`: fields of which the code has no names."""

    name: str
    levels: frozenset[str]
    fields: frozenset[str]
    has_more: bool


def log_events_page() -> str:
    """Return the page of all events, by their names; raise KeyError for one not in the table."""
    table = tomllib.loads(TABLE.read_text())
    return _HEAD + "".join(_section(event, table[event.name]) for event in events())


@cache
def events() -> list[Event]:
    """Return the events that the code can write; raise ValueError for one that it cannot read."""
    found: dict[str, Event] = {}
    for folder in SOURCES:
        for file in sorted(folder.rglob("*.py")):
            for event in events_in(file.read_text(), str(file.relative_to(ROOT))):
                known = found.get(event.name, event)
                found[event.name] = Event(
                    event.name,
                    known.levels | event.levels,
                    known.fields | event.fields,
                    known.has_more or event.has_more,
                )
    return [found[name] for name in sorted(found)]


def events_in(source: str, where: str = "") -> Iterator[Event]:
    """Yield the events that a module logs."""
    tree = ast.parse(source)
    loggers, seen = set(_loggers(tree)), set()
    for scope, call in _calls(tree):
        methods = list(_methods(call.func, scope, loggers))
        if not methods:
            continue
        seen |= {id(each) for each in methods}
        fields, has_more = _fields(call)
        if any(each.attr == "exception" for each in methods):
            fields.add(_EXCEPTION)
        levels = frozenset(_LEVEL_OF.get(each.attr, each.attr) for each in methods)
        names = _texts(call.args[0], scope, tree) if call.args else []
        if not names or not levels <= _LEVELS:
            raise ValueError(f"{where}:{call.lineno}: level or name of an event is no constant")
        for name in names:
            yield Event(name, levels, frozenset(fields), has_more)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and _is_logger(node.value, loggers)
            and id(node) not in seen
        ):
            raise ValueError(f"{where}:{node.lineno}: a logger is used in a way that is not read")


def _methods(function: ast.expr, scope: ast.AST, loggers: set[str]) -> Iterator[ast.Attribute]:
    """Yield the methods of loggers that a function is: one, or those that a name stands for."""
    if isinstance(function, ast.Attribute) and _is_logger(function.value, loggers):
        yield function
    elif isinstance(function, ast.IfExp):
        yield from _methods(function.body, scope, loggers)
        yield from _methods(function.orelse, scope, loggers)
    elif isinstance(function, ast.Name):
        for each in ast.walk(scope):
            if isinstance(each, ast.Assign) and function.id in map(ast.unparse, each.targets):
                yield from _methods(each.value, scope, loggers)


def _loggers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_get_logger(node.value):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))


def _is_get_logger(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "structlog.get_logger"


def _is_logger(node: ast.expr, loggers: set[str]) -> bool:
    return _is_get_logger(node) or (isinstance(node, ast.Name) and node.id in loggers)


def _calls(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.Call]]:
    """Yield every call once, with the innermost function around it."""

    def walk(node: ast.AST, scope: ast.AST) -> Iterator[tuple[ast.AST, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield scope, child
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from walk(child, child if is_function else scope)

    yield from walk(tree, tree)


def _texts(node: ast.expr, scope: ast.AST, tree: ast.Module) -> list[str]:
    """Return the texts that an expression can be: a constant, one of two, or the name of one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _texts(node.body, scope, tree) + _texts(node.orelse, scope, tree)
    if isinstance(node, ast.Name):
        for around in (scope, tree):
            for each in ast.walk(around):
                if isinstance(each, ast.Assign) and node.id in map(ast.unparse, each.targets):
                    return _texts(each.value, around, tree)
    return []


def _fields(call: ast.Call) -> tuple[set[str], bool]:
    """Return the names of the fields of a call, and whether there are others."""
    fields, has_more = set(), False
    for keyword in call.keywords:
        if keyword.arg == "exc_info":
            fields.add(_EXCEPTION)
        elif keyword.arg is not None:
            fields.add(keyword.arg)
        else:
            dicts = [each for each in ast.walk(keyword.value) if isinstance(each, ast.Dict)]
            keys = [key for each in dicts for key in each.keys if isinstance(key, ast.Constant)]
            fields |= {str(key.value) for key in keys}
            has_more = has_more or not dicts
    return fields, has_more


def _section(event: Event, text: dict[str, str | list[str]]) -> str:
    fields = sorted({*event.fields, *text.get("more", ())})
    listed = ", ".join(f"`{each}`" for each in fields) or "none"
    level = " or ".join(sorted(event.levels))
    return (
        f"\n## `{event.name}`\n\nLevel: {level}. Fields: {listed}.\n\n"
        f"{text['when']}\n\n*What to do:* {text['do']}\n"
    )
