"""The examples that run `gatepass rotate` on a schedule name a command that exists."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deploy.conftest import ROOT
from gatepass.cli import main

EXAMPLES = ROOT / "examples" / "rotate"
_ANALYZE = shutil.which("systemd-analyze")


def parse(program: str, *arguments: str) -> None:
    """Parse a command line as click does; raise click.UsageError where it is wrong."""
    assert Path(program).name == "gatepass"
    name, *rest = arguments
    command = main.get_command(click.Context(main), name)
    assert command is not None
    command.parse_args(click.Context(command, info_name=name), rest)


def cron_job() -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text())["spec"]


def test_the_cron_job_runs_the_command_and_never_two_at_once() -> None:
    job = cron_job()
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]

    parse(*container["command"])
    assert len(job["schedule"].split()) == 5
    assert job["concurrencyPolicy"] == "Forbid"
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert "GATEPASS_CLIENT_SECRET" not in {each["name"] for each in container["env"]}


def test_the_crontab_is_one_line_that_runs_the_command() -> None:
    lines = (EXAMPLES / "crontab").read_text().splitlines()
    (line,) = [each for each in lines if not each.startswith("#")]

    assert re.match(r"(\S+ ){5}", line)
    command = line.split(" ", 5)[5]
    parse(*shlex.split(command.rpartition(";")[2]))
    subprocess.run(["sh", "-n"], input=command, text=True, check=True)


@pytest.mark.skipif(_ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_finds_no_fault_in_the_service_and_its_timer(tmp_path: Path) -> None:
    service, timer = (
        shutil.copy(EXAMPLES / f"gatepass-rotate.{kind}", tmp_path) for kind in ("service", "timer")
    )
    text = Path(service).read_text()
    (start,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    parse(*shlex.split(start))
    Path(service).write_text(text.replace("/opt/gatepass/bin/gatepass", sys.executable))

    assert _ANALYZE is not None
    ran = subprocess.run(
        [_ANALYZE, "--no-pager", "verify", "--man=no", service, timer],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
