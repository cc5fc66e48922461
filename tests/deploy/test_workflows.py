"""The workflows of the forges: linted, without more rights than they need, and running .ci/run."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.conftest import ROOT, TOOLS, Run
from gatepass.server.configuration.settings import Settings

GITHUB = ROOT / ".github" / "workflows"
GITLAB = ROOT / ".gitlab-ci.yml"
WORKFLOWS = sorted(GITHUB.glob("*.yml"))


def read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def test_zizmor_finds_no_weakness_in_the_workflows_and_would_find_one(
    tool: Run, tmp_path: Path
) -> None:
    how = ("--offline", "--no-progress", "--min-severity=medium")
    config = f"--config={ROOT / '.github' / 'zizmor.yml'}"

    ran = tool("zizmor", *how, config, ROOT / ".github")
    assert ran.returncode == 0, ran.stdout

    wrong = tmp_path / ".github" / "workflows" / "test.yml"
    wrong.parent.mkdir(parents=True)
    text = (
        (GITHUB / "release.yml")
        .read_text()
        .replace('"$TAG" --verify', "${{ github.ref_name }} --v")
    )
    wrong.write_text(text)
    assert "template-injection" in tool("zizmor", *how, config, wrong).stdout


def test_actionlint_finds_no_fault_in_the_workflows_and_would_find_one(
    tool: Run, tmp_path: Path
) -> None:
    if not (TOOLS / "actionlint").exists():
        pytest.skip("actionlint needs Go: see tests/setup.sh")
    how = ("-no-color", "-shellcheck=", "-pyflakes=")

    ran = tool("actionlint", *how, *WORKFLOWS)
    assert (ran.returncode, ran.stdout) == (0, "")

    wrong = tmp_path / "wrong.yml"
    wrong.write_text((GITHUB / "test.yml").read_text().replace("matrix.python }}", "matrix.p }}"))
    assert 'property "p" is not defined' in tool("actionlint", *how, wrong).stdout


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.gitlab-ci", GITLAB),
        *(("vendor.github-workflows", each) for each in WORKFLOWS),
        ("vendor.dependabot", ROOT / ".github" / "dependabot.yml"),
    ],
)
def test_a_file_fits_its_schema(tool: Run, schema: str, file: Path) -> None:
    transform = ("--data-transform", "gitlab-ci") if "gitlab" in schema else ()

    ran = tool("check-jsonschema", "--builtin-schema", schema, *transform, file)

    assert ran.returncode == 0, ran.stdout


def test_both_forges_run_what_has_to_pass_with_every_supported_python() -> None:
    github, gitlab = read(GITHUB / "test.yml")["jobs"], read(GITLAB)
    project = (ROOT / "pyproject.toml").read_text()
    supported = re.findall(r"Python :: (3\.\d+)\"", project)

    assert "bash .ci/run" in [step.get("run") for step in github["everything"]["steps"]]
    assert "bash .ci/run" in gitlab["everything"]["script"]
    assert github["python"]["strategy"]["matrix"]["python"] == supported
    assert gitlab["python"]["parallel"]["matrix"] == [{"PYTHON": supported}]


def test_only_jobs_that_publish_may_write_and_those_wait_for_the_tests() -> None:
    jobs = read(GITHUB / "release.yml")["jobs"]
    writing = {
        name: {right for right, level in job["permissions"].items() if level == "write"}
        for name, job in jobs.items()
        if "write" in job["permissions"].values()
    }

    assert writing == {
        "package": {"id-token"},
        "image": {"packages", "id-token", "attestations"},
        "notes": {"contents"},
    }
    assert jobs["build"]["needs"] == "test"
    assert jobs["package"]["needs"] == "build"
    assert all(jobs[name]["environment"] == "release" for name in ("package", "image"))
    assert all(read(each)["permissions"] == {} for each in WORKFLOWS)


def test_the_image_is_tried_as_it_is_meant_to_be_run() -> None:
    script = (ROOT / "release" / "try_image.sh").read_text()
    words = set(script.replace("\\", "").split())
    timeout = Settings.model_fields["shutdown_timeout"].default

    assert {"--read-only", "--cap-drop", "no-new-privileges"} <= words
    assert int(re.findall(r"stop --time (\d+)", script)[0]) > timeout
