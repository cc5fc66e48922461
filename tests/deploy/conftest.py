"""The programs that check what is deployed, in an environment of their own (tests/setup.sh)."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv" / "tools" / "bin"

Run = Callable[..., "subprocess.CompletedProcess[str]"]

# Renders or lints the chart with Helm's own SDK: what to do, and the values, come as JSON.
_HELM = """
import json, sys
import helm_python
path, action, values, options = json.loads(sys.stdin.read())
try:
    if action == "lint":
        found = helm_python.lint(path, values, strict=True)
    else:
        chart = helm_python.Chart.load(path)
        chart.validate_schema(chart.merge_values(values))
        found = chart.render(values, **options)
except helm_python.HelmError as error:
    found = {"error": str(error)}
print(json.dumps(found))
"""


@pytest.fixture(scope="session")
def tool() -> Run:
    """Return what runs one of the programs; skip where they are not installed."""
    if not TOOLS.exists():
        pytest.skip("hadolint, zizmor and others are missing: see tests/setup.sh")

    def run(
        name: str, *arguments: str | Path, text: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [TOOLS / name, *arguments],
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def helm(tool: Run) -> Callable[..., Any]:
    """Return what lints or renders a chart: `helm("render", path, values, name="x")`."""

    def ask(action: str, path: Path, values: Mapping[str, object], **options: object) -> Any:  # noqa: ANN401
        asked = json.dumps([str(path), action, values, options])
        ran = tool("python", "-c", _HELM, text=asked)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return ask
