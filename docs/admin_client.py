"""Writes `gatepass.admin.operations`: the methods of the Admin API's client.

They are made from the operations of the server: each has a method of the blocking and of the
asynchronous client, a TypedDict of its arguments, and a record of its result.
"""

import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from docs.admin_api_page import type_words
from gatepass.server.admin.operations.model import Arguments, Operation, Result
from gatepass.server.admin.operations.registry import REMOTE

FOLDER = Path(__file__).resolve().parents[1] / "src" / "gatepass" / "admin" / "operations"

MODULES = {
    "organizations": ("organization", "policy"),
    "people": ("person", "invitation"),
    "applications": ("application", "secret"),
    "catalogue": ("resource", "scope"),
    "webhooks": ("webhook",),
    "system": ("key", "audit", "mail", "guard", "system"),
}
"""The modules, and of which objects each has the operations."""

_GROUPS = {
    "policy": "policies",
    "person": "people",
    "audit": "audit",
    "mail": "mail",
    "system": "system",
}
_WRITTEN = "Written by docs/generate.py from the operations of the server."
_WIDTH = 96
_UNSAID = frozenset({"items", "next_cursor"})

Op = Operation[Any, Any]


def files() -> dict[Path, str]:
    """Return what each file has, formatted."""
    texts = {
        "../description.py": _description(),
        "groups.py": _groups(),
        "__init__.py": _package("The operations of the Admin API."),
    }
    texts |= {f"{kind}/__init__.py": _package(words) for kind, words in _PACKAGES.items()}
    seen: dict[type[BaseModel], str] = {}
    for module, nouns in MODULES.items():
        found = [each for each in REMOTE if _noun(each) in nouns]
        texts[f"arguments/{module}.py"] = _arguments_module(found)
        texts[f"records/{module}.py"] = _records_module(module, found, seen)
        for is_async in (False, True):
            folder = "asynchronous" if is_async else "blocking"
            texts[f"{folder}/{module}.py"] = _methods_module(module, found, seen, is_async=is_async)
    return _formatted(texts)


def write() -> None:
    """Write the files, and remove those of modules that are no more."""
    wanted = files()
    for path in FOLDER.rglob("*.py"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


_PACKAGES = {
    "arguments": "The arguments of each operation, as its method takes them.",
    "records": "What the operations return.",
    "blocking": "The methods of the blocking client.",
    "asynchronous": "The methods of the asynchronous client.",
}


def _package(words: str) -> str:
    return _head(words).rstrip("\n") + "\n"


def _head(words: str) -> str:
    return f'"""{words}\n\n{_WRITTEN}\n"""\n\n'


def _noun(operation: Op) -> str:
    return operation.name.partition(".")[0]


def _verb(operation: Op) -> str:
    return operation.name.partition(".")[2]


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace(".", "_").split("_"))


def _is_paged(operation: Op) -> bool:
    return "cursor" in operation.input.model_fields


def _description() -> str:
    rows = []
    for each in REMOTE:
        paged = ", is_paged=True" if _is_paged(each) else ""
        rows.append(f'    "{each.name}": Operation("{each.method}", "{each.path}"{paged}),\n')
    return (
        f"{_head('Each operation by its name.')}"
        "from collections.abc import Mapping\n\n"
        "from gatepass.admin.requests import Operation\n\n"
        f"OPERATIONS: Mapping[str, Operation] = {{\n{''.join(rows)}}}\n"
    )


def _groups() -> str:
    """Return the module of the two classes that have a group for each kind of object."""
    nouns = {noun: module for module, each in MODULES.items() for noun in each}
    imports, classes = [], []
    for prefix, folder, words in (
        ("", "blocking", "The operations, which block."),
        ("Async", "asynchronous", "The operations, which are awaited."),
    ):
        properties = []
        for noun, module in nouns.items():
            name = f"{prefix}{_camel(noun)}Operations"
            load = f"from gatepass.admin.operations.{folder}.{module} import {name}\n"
            imports.append(f"    {load}")
            properties.append(
                f'    @property\n    def {_group(noun)}(self) -> "{name}":\n'
                f'        """The operations of `{noun}`."""\n'
                f"        {load}\n        return {name}(self._connection)\n"
            )
        head = f'class {prefix}Groups:\n    """{words}"""\n\n    _connection: Connection\n\n'
        classes.append(head + "\n".join(properties))
    about = _head(
        "The operations by the kind of object that they are about.\n\n"
        "A group is loaded when it is used: a program needs few of them."
    )
    return (
        f"{about}from typing import TYPE_CHECKING\n\n"
        "from gatepass.admin.connection import Connection\n\n"
        f"if TYPE_CHECKING:\n{''.join(imports)}\n\n" + "\n\n".join(classes)
    )


def _group(noun: str) -> str:
    return _GROUPS.get(noun, f"{noun}s")


def _arguments_module(operations: list[Op]) -> str:
    classes = [_arguments(each) for each in operations if _takes_any(each)]
    return _with_imports(
        _head("What the methods of these operations take."),
        {"gatepass.admin.arguments": _BASES},
        "\n\n".join(classes),
    )


_BASES = ("Change", "ConditionalChange", "ConditionalCreation", "Creation")


def _arguments(operation: Op) -> str:
    base = _base(operation)
    lines = [f"class {_camel(operation.name)}({base}, total=False):"]
    lines.append(f'    """The arguments of `{operation.name}`."""\n')
    for name, field in operation.input.model_fields.items():
        source = _source(field.annotation, of_records=False)
        lines.append(f"    {name}: {f'Required[{source}]' if field.is_required() else source}")
    return "\n".join(lines) + "\n"


def _takes_any(operation: Op) -> bool:
    """Return whether there is anything to say: a read has no conditions."""
    return bool(operation.input.model_fields) or operation.access == "write"


def _base(operation: Op) -> str:
    if operation.access == "read":
        return "TypedDict"
    kind = "Creation" if operation.method == "POST" else "Change"
    return f"Conditional{kind}" if operation.reads else kind


def _records_module(module: str, operations: list[Op], seen: dict[type[BaseModel], str]) -> str:
    own: list[type[BaseModel]] = []
    for operation in operations:
        if operation.method != "DELETE":
            _collect(_returned(operation), module, seen, own)
    imports: dict[str, tuple[str, ...]] = {"gatepass.admin.records": ("Items", "Record")}
    classes = [_record(each) for each in own]
    used = {nested for each in own for nested in _nested(each)} - {*own}
    for each in used:
        where = f"gatepass.admin.operations.records.{seen[each]}"
        imports[where] = (*imports.get(where, ()), each.__name__)
    return _with_imports(_head("What these operations return."), imports, "\n\n".join(classes))


def _returned(operation: Op) -> type[BaseModel]:
    """Return the model of a result: of one item for a list that has pages."""
    output: type[Result] = operation.output
    return _item(output) if _is_paged(operation) else output


def _item(output: type[BaseModel]) -> type[BaseModel]:
    [item] = get_args(output.model_fields["items"].annotation)
    found: type[BaseModel] = item
    return found


def _collect(
    model: type[BaseModel],
    module: str,
    seen: dict[type[BaseModel], str],
    own: list[type[BaseModel]],
) -> None:
    if model in seen:
        return
    seen[model] = module
    for each in _nested(model):
        _collect(each, module, seen, own)
    own.append(model)


def _nested(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Return the models that the fields of a model have."""
    todo: deque[Any] = deque(field.annotation for field in model.model_fields.values())
    while todo:
        each = todo.popleft()
        if isinstance(each, type) and issubclass(each, BaseModel):
            yield each
        todo.extend(get_args(each))


def _record(model: type[BaseModel]) -> str:
    is_list = "items" in model.model_fields
    base = f"Items[{_item(model).__name__}]" if is_list else "Record"
    doc = (model.__doc__ or "").strip()
    doc += "\n    " if "\n" in doc else ""
    lines = ["@dataclass(frozen=True, slots=True, kw_only=True)"]
    lines.append(f'class {model.__name__}({base}):\n    """{doc}"""\n')
    for name, field in model.model_fields.items():
        if not (is_list and name in _UNSAID):
            lines.append(f"    {name}: {_record_source(field)}")
    return "\n".join(lines) + "\n"


def _record_source(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    if isinstance(extra, dict) and extra.get("x-secret"):
        return "SecretText | None"
    return _source(field.annotation, of_records=True)


def _source(annotation: Any, *, of_records: bool) -> str:  # noqa: ANN401, PLR0911 - a case for each kind of type
    """Return a type as the client has it: what a record has, or what an argument may be."""
    origin, given = get_origin(annotation), get_args(annotation)
    if annotation is AwareDatetime:
        return "datetime" if of_records else "datetime | str"
    if origin is Annotated:
        return _source(given[0], of_records=of_records)
    if origin is Literal:
        # A newer server may have another word, so that a record has any.
        words = ", ".join(f'"{each}"' for each in given)
        return "str" if of_records else f"Literal[{words}]"
    if origin in {Union, UnionType}:
        parts = [_source(each, of_records=of_records) for each in given]
        return " | ".join(dict.fromkeys(parts))
    if origin is list:
        each = _source(given[0], of_records=of_records)
        return f"tuple[{each}, ...]" if of_records else f"Sequence[{each}]"
    if origin is dict:
        return f"Mapping[str, {_source(given[1], of_records=of_records)}]"
    if annotation is UUID:
        return "UUID" if of_records else "UUID | str"
    return "None" if annotation is NoneType else str(annotation.__name__)


def _methods_module(
    module: str, operations: list[Op], seen: Mapping[type[BaseModel], str], *, is_async: bool
) -> str:
    base = "AsyncGroup" if is_async else "Group"
    classes = []
    imports: dict[str, tuple[str, ...]] = {
        "gatepass.admin.groups": (base,),
        "gatepass.admin.records": ("Nothing",),
        "gatepass.admin.operations.arguments": (f"{module} as arguments",),
    }
    for each in operations:
        if each.method != "DELETE":
            where = f"gatepass.admin.operations.records.{seen[_returned(each)]}"
            imports[where] = (*imports.get(where, ()), _returned(each).__name__)
    for noun in MODULES[module]:
        prefix = "Async" if is_async else ""
        about = f"The operations `admin.{_group(noun)}`{', awaited' if is_async else ''}."
        head = f'class {prefix}{_camel(noun)}Operations({base}):\n    """{about}"""\n\n'
        methods = [_method(each, is_async=is_async) for each in operations if _noun(each) == noun]
        classes.append(head + "\n".join(methods))
    return _with_imports(
        _head(f"The {'awaited' if is_async else 'blocking'} methods of these operations."),
        imports,
        "\n\n".join(classes),
    )


def _method(operation: Op, *, is_async: bool) -> str:
    gone = operation.method == "DELETE"
    result = "Nothing" if gone else _returned(operation).__name__
    is_paged = _is_paged(operation)
    prefix = "async " if is_async and not is_paged else ""
    iterator = "AsyncIterator" if is_async else "Iterator"
    returned = f"{iterator}[{result}]" if is_paged else result
    given = _takes_any(operation)
    taken = f", **given: Unpack[arguments.{_camel(operation.name)}]" if given else ""
    how = "_each" if is_paged else f"{'await ' if is_async else ''}_record"
    call = how.replace("_", "self._", 1)
    return (
        f"    {prefix}def {_verb(operation)}(self{taken}) -> {returned}:\n"
        f'{_docstring(operation)}        return {call}({result}, "{operation.name}", '
        f"{'given' if given else '{}'})\n"
    )


def _docstring(operation: Op) -> str:
    paragraphs = [operation.description] if operation.description else []
    paragraphs += ["\n".join(_argument_lines(operation))] if operation.input.model_fields else []
    text = "\n\n".join([*_sentences(operation.summary), *(_wrapped(each) for each in paragraphs)])
    body = "\n".join(f"        {line}".rstrip() for line in text.splitlines())
    end = "\n        " if "\n" in text else ""
    return f'        """{body.strip()}{end}"""\n'


def _sentences(summary: str) -> list[str]:
    """Return the summary as one line, and what does not fit as a paragraph."""
    if len(summary) <= _WIDTH - 8:
        return [summary]
    for mark in (": ", "; ", ", "):
        first, found, rest = summary.partition(mark)
        if found and len(first) < _WIDTH - 8:
            return [f"{first}.", _wrapped(rest[:1].upper() + rest[1:])]
    raise ValueError(f"the summary is too long: {summary}")


def _wrapped(paragraph: str) -> str:
    lines = []
    for line in paragraph.splitlines():
        lines += wrap(line, _WIDTH - 8)
    return "\n".join(lines)


def _argument_lines(operation: Op) -> Iterator[str]:
    model: type[Arguments] = operation.input
    schemas = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        kind = type_words(schemas[name]).replace("`", "")
        needed = " (needed)" if field.is_required() else ""
        about = f"; {field.description}" if field.description else ""
        yield f"{name}: {kind}{needed}{about}"


_NAMES = {
    "AsyncIterator": "collections.abc",
    "Iterator": "collections.abc",
    "Mapping": "collections.abc",
    "Sequence": "collections.abc",
    "dataclass": "dataclasses",
    "datetime": "datetime",
    "Literal": "typing",
    "Required": "typing",
    "TypedDict": "typing",
    "Unpack": "typing",
    "UUID": "uuid",
}


def _with_imports(head: str, imports: Mapping[str, tuple[str, ...]], body: str) -> str:
    """Return a module that imports what its body uses."""
    used = set(_words_of(body))
    wanted: dict[str, set[str]] = {}
    for name, where in _NAMES.items():
        if name in used:
            wanted.setdefault(where, set()).add(name)
    for where, names in imports.items():
        if found := {each for each in names if each.split()[-1] in used}:
            wanted.setdefault(where, set()).update(found)
    lines = [f"from {where} import {', '.join(sorted(found))}\n" for where, found in wanted.items()]
    if "SecretText" in used:
        lines.append("from gatepass.wire.secret import Secret as SecretText\n")
    return f"{head}{''.join(lines)}\n\n{body}"


def _words_of(body: str) -> list[str]:
    return "".join(each if each.isalnum() or each == "_" else " " for each in body).split()


def _formatted(texts: Mapping[str, str]) -> dict[Path, str]:
    """Return the files as ruff formats them and sorts their imports."""
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / FOLDER.name
        for place, text in texts.items():
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        ruff = [sys.executable, "-m", "ruff"]
        settings = ["--quiet", "--no-cache", f"--config={root / 'pyproject.toml'}"]
        own = '--config=lint.isort.known-first-party=["gatepass"]'
        for arguments in (["check", "--select=I,PYI030", "--fix", own], ["format"]):
            subprocess.run(  # noqa: S603 - the formatter of this project
                [*ruff, *arguments, *settings, name], cwd=root, check=True
            )
        return {(FOLDER / place).resolve(): (folder / place).read_text() for place in texts}
