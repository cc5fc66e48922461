"""Puts the bill of materials into the wheel (PEP 770), with the version of the wheel in it."""

import json
import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FILE = Path("release", "gatepass.cdx.json")


class WheelSbom(BuildHookInterface):  # type: ignore[type-arg] # of a configuration that it has not
    """Adds the file of release/sbom.py, which has no version, to what the wheel carries."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Write the file with the version."""
        folder = tempfile.TemporaryDirectory()
        self._folder = folder  # removed with this hook
        file = Path(folder.name, _FILE.name)
        found = json.loads(Path(self.root, _FILE).read_text(encoding="utf-8"))
        text = json.dumps(with_version(found, self.metadata.version), indent=2)
        file.write_text(text + "\n", encoding="utf-8")
        build_data["sbom_files"].append(str(file))


def with_version(document: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the bill of materials of one version."""
    named = document["metadata"]["component"]
    component = {**named, "version": version, "purl": f"{named['purl']}@{version}"}
    serial = uuid5(UUID(document["serialNumber"].rpartition(":")[2]), version)
    metadata = {**document["metadata"], "component": component}
    return {**document, "serialNumber": serial.urn, "metadata": metadata}
