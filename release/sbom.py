"""Writes the bill of materials that the wheel carries (PEP 770): `python release/sbom.py`.

It is CycloneDX 1.6 and lists what a user of the wheel can get: the dependencies and those of each
extra, with all that they need, in the versions of the lock. It runs in the locked environment and
reads there what each package needs. It has no date, so the same lock gives the same file.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from uuid import UUID, uuid5

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FILE = ROOT / "release" / "gatepass.cdx.json"
_NAMESPACE = UUID("5f0d1a0e-6c1b-5c7e-9a53-1f7f6f1d2b11")
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")

Versions = Mapping[str, tuple[str, ...]]


def locked() -> dict[str, tuple[str, ...]]:
    """Return the locked versions of each package; some have one for each version of Python."""
    versions: dict[str, tuple[str, ...]] = {}
    for name, version in _LOCKED.findall((ROOT / "requirements.lock").read_text()):
        key = canonicalize_name(name)
        versions[key] = (*versions.get(key, ()), version)
    return versions


def needs(name: str, extras: Iterable[str]) -> Iterator[Requirement]:
    """Give what a package needs with these extras, on any system and any Python.

    Nothing is known of a package that the lock has for another system alone.
    """
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return
    wanted = set(extras)
    for line in lines:
        asked = Requirement(line)
        of_extras = set(_EXTRA.findall(str(asked.marker or "")))
        if not of_extras or of_extras & wanted:
            yield asked


def graph(asked: Iterable[Requirement], versions: Versions) -> dict[str, set[str]]:
    """Return what each package needs, from those that are `asked` for, of what is locked."""
    found: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = list(asked)
    while queue:
        one = queue.pop()
        name, extras = canonicalize_name(one.name), frozenset(one.extras)
        if name not in versions or (name, extras) in seen:
            continue
        seen.add((name, extras))
        below = list(needs(name, extras))
        names = {canonicalize_name(each.name) for each in below}
        found.setdefault(name, set()).update(names & versions.keys())
        queue += below
    return found


def document() -> dict[str, object]:
    """Return the bill of materials."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = locked()
    core = graph(map(Requirement, project["dependencies"]), versions)
    optional = [line for lines in project["optional-dependencies"].values() for line in lines]
    direct = [Requirement(line) for line in (*project["dependencies"], *optional)]
    everything = graph(direct, versions)
    own = "pkg:pypi/gatepass"  # its version is that of the wheel: release/wheel_sbom.py
    components = [
        _component(name, version, "required" if name in core else "optional")
        for name in sorted(everything)
        for version in versions[name]
    ]
    tree = [{"ref": own, "dependsOn": _refs({canonicalize_name(d.name) for d in direct}, versions)}]
    tree += [
        {"ref": _ref(name, version), "dependsOn": _refs(everything[name], versions)}
        for name in sorted(everything)
        for version in versions[name]
    ]
    body: dict[str, object] = {
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": own,
                "name": "gatepass",
                "purl": own,
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": components,
        "dependencies": tree,
    }
    serial = uuid5(_NAMESPACE, json.dumps(body, sort_keys=True))
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": serial.urn}
    return {**head, "version": 1, **body}


def _component(name: str, version: str, scope: str) -> dict[str, str]:
    ref = _ref(name, version)
    return {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": version,
        "purl": ref,
        "scope": scope,
    }


def _ref(name: str, version: str) -> str:
    return f"pkg:pypi/{name}@{version}"


def _refs(names: Iterable[str], versions: Versions) -> list[str]:
    return sorted(_ref(name, version) for name in names for version in versions.get(name, ()))


def text() -> str:
    """Return the file's content."""
    return json.dumps(document(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
