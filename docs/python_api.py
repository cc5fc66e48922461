"""The reference of the Python API: what the modules' docstrings and signatures say, as Markdown.

A page has a comment `<!-- python-api: gatepass.guard -->` where the module's public names belong
(`__all__`), or `<!-- python-api: gatepass.wire.scope Scope -->` for some names of a module. They
are written there when the site is built, and are in no file: a copy would repeat every docstring in
every change.
"""

import ast
import inspect
import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from types import FunctionType, ModuleType
from typing import NamedTuple, Self, Unpack, cast, get_args, get_origin

from sphinx.application import Sphinx

MARKER = re.compile(r"^<!-- python-api: ([\w.]+)((?: \w+)*) -->$", re.MULTILINE)

_OPTIONS = re.compile(r"^([a-z_]+(?:, [a-z_]+)*): (?=\S)")
_MODULE_PATH = re.compile(r"\b(?:[a-z_]\w*\.)+(?=\w)")
_LINE_LENGTH = 88
_STARS: dict[object, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
_FIRST_HOME = "gatepass.guard"  # other modules export names of it again


class Member(NamedTuple):
    """A public method or property of a class."""

    name: str
    kind: str  # as `inspect.classify_class_attrs` calls it
    value: object


class Part(NamedTuple):
    """A module and those of its names that a page describes."""

    module: ModuleType
    names: list[str]

    @classmethod
    def read(cls, marker: re.Match[str]) -> Self:
        """Return what a marker names."""
        module = import_public(marker[1])
        return cls(module, marker[2].split() or list(module.__all__))

    def values(self) -> dict[str, object]:
        """Return the names and what they are."""
        return {name: getattr(self.module, name) for name in self.names}


def replace_markers(app: Sphinx, _docname: str, source: list[str]) -> None:
    """Write the API of each module that the page names; Sphinx's event `source-read`."""

    def written(found: re.Match[str]) -> str:
        part = Part.read(found)
        for path in {__file__, *files_of(part)}:
            app.env.note_dependency(path)
        return markdown(part)

    source[0] = MARKER.sub(written, source[0])


def import_public(name: str) -> ModuleType:
    """Import a module; Django's settings, which its adapters need, are the default ones."""
    if name.startswith("gatepass.guard."):
        from django.conf import settings

        if not settings.configured:
            settings.configure()
    return import_module(name)


def files_of(part: Part) -> set[str]:
    """Return the files from which a module's reference is made."""
    values = part.values().values()
    homes = [
        part.module.__name__,
        *(str(value.__module__) for value in values if not _is_value(value)),
    ]
    found = (getattr(sys.modules.get(home), "__file__", None) for home in homes)
    return {file for file in found if file and "gatepass" in file}


def members(kind: type) -> list[Member]:
    """Return the public methods and properties of a class that this project defines."""
    wanted = {"method", "class method", "static method", "property"}
    found = {each.name: each for each in inspect.classify_class_attrs(kind)}
    names = dict.fromkeys(name for each in kind.__mro__ for name in vars(each))
    return [
        Member(name, found[name].kind, getattr(kind, name))
        for name in names
        if not name.startswith("_")
        and name in found
        and found[name].kind in wanted
        and found[name].defining_class.__module__.startswith("gatepass")
    ]


def docstring(value: object) -> str:
    """Return a written docstring; empty where there is none or a dataclass has generated it."""
    text = inspect.getdoc(value) or ""
    generated = isinstance(value, type) and text.startswith(f"{value.__name__}(")
    return "" if generated else text


def attribute_docstring(module: ModuleType, name: str) -> str:
    """Return the string literal below the assignment of a constant or a type alias."""
    body = ast.parse(inspect.getsource(_home(module, name))).body
    for statement, following in pairwise(body):
        if _target(statement) == name and isinstance(following, ast.Expr):
            text = ast.literal_eval(following.value)
            return inspect.cleandoc(text) if isinstance(text, str) else ""
    return ""


def documentation(module: ModuleType, name: str, value: object) -> str:
    """Return what is written about a public name."""
    return attribute_docstring(module, name) if _is_value(value) else docstring(value)


def undocumented(part: Part) -> list[str]:
    """Return the names of a part, and their members, without a docstring."""
    missing = []
    for name, value in part.values().items():
        if not documentation(part.module, name, value):
            missing.append(name)
        if not _is_value(value) and isinstance(value, type):
            found = members(value)
            missing += [f"{name}.{each.name}" for each in found if not docstring(each.value)]
    return missing


def markdown(part: Part) -> str:
    """Return the reference of a module: headings of the third level, members of the fourth."""
    is_whole = part.names == getattr(part.module, "__all__", None)
    parts = [as_markdown(docstring(part.module))] if is_whole else []
    first = import_module(_FIRST_HOME)
    for name, value in part.values().items():
        parts.append(f"### `{name}`")
        if part.module is not first and getattr(first, name, None) is value:
            parts.append(f"The same as [`{_FIRST_HOME}.{name}`](guard.md#{name.lower()}).")
            continue
        parts += _entry(part.module, name, value)
    return "\n\n".join(parts) + "\n"


def _entry(module: ModuleType, name: str, value: object) -> Iterator[str]:
    is_value = _is_value(value)
    if is_value:
        yield _code(_assignment(module, name))
    elif isinstance(value, type):
        yield _code(f"class {_signed(name, value)}")
    else:
        yield _code(_function(name, value))
    yield as_markdown(documentation(module, name, value))
    if not is_value and isinstance(value, type):
        for member in members(value):
            yield f"#### `{name}.{member.name}`"
            yield _code(_member(member))
            yield as_markdown(docstring(member.value))


def _is_value(value: object) -> bool:
    """Return whether a name is neither a class nor a function.

    By its type: an object may pretend to be of another class, as Flask's proxies do.
    """
    return not issubclass(type(value), type | FunctionType)


def _home(module: ModuleType, name: str) -> ModuleType:
    """Return the module that a value comes from: this one, or the one it is imported from."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and name in {each.name for each in node.names}:
            return _home(import_module(node.module or ""), name)
    return module


def _target(statement: ast.stmt) -> str:
    """Return the name that a statement assigns, if any."""
    if isinstance(statement, ast.AnnAssign):
        return ast.unparse(statement.target)
    return ast.unparse(statement.targets[0]) if isinstance(statement, ast.Assign) else ""


def _assignment(module: ModuleType, name: str) -> str:
    """Return how a type alias is defined, and of any other value its type alone."""
    body = ast.parse(inspect.getsource(_home(module, name))).body
    found = next(each for each in body if _target(each) == name)
    if isinstance(found, ast.AnnAssign) and ast.unparse(found.annotation) != "TypeAlias":
        return f"{name}: {ast.unparse(found.annotation)}"
    return ast.unparse(found)


def _member(member: Member) -> str:
    if member.kind == "property":
        getter = cast("property", member.value).fget
        returned = (
            inspect.signature(getter).return_annotation if getter else inspect.Signature.empty
        )
        return f"{member.name}: {_annotation(returned)}"
    decorator = {"class method": "@classmethod\n", "static method": "@staticmethod\n"}
    return decorator.get(member.kind, "") + _function(member.name, member.value)


def _function(name: str, value: object) -> str:
    prefix = "async def" if inspect.iscoroutinefunction(value) else "def"
    return f"{prefix} {_signed(name, value)}"


def _signed(name: str, value: object) -> str:
    """Return a name with its parameters, one on each line where they do not fit into one."""
    try:
        signature = inspect.signature(cast("type", value))
    except ValueError:  # a class of a C extension
        return f"{name}(...)"
    given = list(signature.parameters.values())
    if given and given[0].name in {"self", "cls"}:
        given = given[1:]
    parameters = list(_parameters(given))
    returned = signature.return_annotation
    has_result = returned is not inspect.Signature.empty and not isinstance(value, type)
    end = f" -> {_annotation(returned)}" if has_result else ""
    line = f"{name}({', '.join(parameters)}){end}"
    if len(line) <= _LINE_LENGTH:
        return line
    return f"{name}(\n" + "".join(f"    {each},\n" for each in parameters) + f"){end}"


def _parameters(given: list[inspect.Parameter]) -> Iterator[str]:
    kinds = inspect.Parameter
    has_star = False
    for index, each in enumerate(given):
        if each.kind is kinds.KEYWORD_ONLY and not has_star:
            has_star = True
            yield "*"
        has_star = has_star or each.kind is kinds.VAR_POSITIONAL
        text = f"{_STARS.get(each.kind, '')}{each.name}"
        if each.annotation is not kinds.empty:
            text += f": {_annotation(each.annotation)}"
        if each.default is not kinds.empty:
            text += f" = {_default(each.default)}"
        yield text
        is_last = index + 1 == len(given) or given[index + 1].kind is not kinds.POSITIONAL_ONLY
        if each.kind is kinds.POSITIONAL_ONLY and is_last:
            yield "/"


def _annotation(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation
    if get_origin(annotation) is Unpack:
        return f"Unpack[{_annotation(get_args(annotation)[0])}]"
    return _without_paths(inspect.formatannotation(annotation))


def _without_paths(text: str) -> str:
    return _MODULE_PATH.sub("", text).replace("~", "")


def _default(value: object) -> str:
    """Return a default as it would be typed; `...` for what has no such form."""
    if inspect.isroutine(value) or isinstance(value, type):
        return str(value.__name__)
    text = repr(value)
    return "..." if text.startswith("<") or " at 0x" in text else text


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def as_markdown(text: str) -> str:
    """Return a docstring as Markdown, which it is but for its lists of `name: what it is`."""
    lines = []
    for line in text.splitlines():
        found = _OPTIONS.match(line)
        names = ", ".join(f"`{each}`" for each in found[1].split(", ")) if found else ""
        lines.append(f"- {names}: {line[found.end() :]}" if found else line)
    return "\n".join(lines)


if __name__ == "__main__":  # for tests, in whose process Django has settings of its own
    parts = [Part.read(marker) for marker in MARKER.finditer(sys.stdin.read())]
    json.dump(
        [[each.module.__name__, each.names, undocumented(each)] for each in parts], sys.stdout
    )
