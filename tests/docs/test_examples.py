"""Every example of the documentation is run or checked by a test, or a reason is given here."""

import ast
import json
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import pytest
from pre_commit.clientlib import load_config, load_manifest

from docs.examples import EXAMPLES, Example
from docs.page import ROOT, commands
from gatepass.cli import main
from gatepass.server.configuration.settings import load

# Pages of which a test runs every block, in their order.
PLAYED = {
    "docs/start/ten-minutes.md": "test_start_page.py",
    "docs/tasks/call-a-partner-api.md": "test_task_pages.py",
    "docs/tasks/keep-a-token-fresh.md": "test_task_pages.py",
    "docs/tasks/log-and-monitor-the-client.md": "test_task_pages.py",
    "docs/tasks/protect-an-api.md": "test_protect_page.py",
    "docs/tasks/run-uvicorn-behind-a-proxy.md": "test_uvicorn_page.py",
    "docs/tasks/test-your-program.md": "test_task_pages.py",
}
# How many blocks of a language on a page are run one by one, and where.
RUN = {
    ("README.md", "python"): (2, "test_readme.py"),
    ("docs/contribute/translations.md", "console"): (1, "test_translations_page.py"),
    ("docs/contribute/translations.md", "jinja"): (1, "test_translations_page.py"),
    ("docs/contribute/translations.md", "python"): (1, "test_translations_page.py"),
    ("docs/operate/administer-from-python.md", "console"): (1, "test_administer_page.py"),
    ("docs/operate/administer-from-python.md", "python"): (7, "test_administer_page.py"),
    ("docs/operate/run-commands-from-another-machine.md", "console"): (
        3,
        "test_remote_commands_page.py",
    ),
    ("docs/operate/back-up.md", "console"): (8, "test_backup_pages.py"),
    ("docs/operate/branding.md", "toml"): (1, "test_branding_page.py"),
    ("docs/operate/move-to-postgresql.md", "console"): (3, "test_backup_pages.py"),
    ("docs/operate/restore.md", "console"): (3, "test_backup_pages.py"),
    ("docs/operate/send-mail.md", "console"): (2, "test_mail_page.py"),
    ("docs/operate/send-mail.md", "toml"): (1, "test_mail_page.py"),
    ("docs/operate/harden.md", "console"): (2, "test_install_page.py"),
    ("docs/operate/harden.md", "ini"): (1, "../deploy/test_systemd.py"),
    ("docs/operate/install.md", "console"): (7, "test_install_page.py"),
    ("docs/operate/install.md", "yaml"): (1, "../deploy/test_helm.py"),
    ("docs/operate/use-postgresql.md", "console"): (2, "test_postgresql_page.py"),
    ("docs/operate/webhooks.md", "python"): (1, "test_webhooks_page.py"),
    ("docs/operate/watch.md", "console"): (2, "test_watch_page.py"),
    ("docs/operate/troubleshoot.md", "console"): (1, "test_troubleshoot_page.py"),
    ("docs/reference/admin-api.md", "console"): (6, "test_admin_api_page.py"),
    ("docs/reference/guard.md", "python"): (2, "test_guard_page.py"),
    ("docs/tasks/accept-bound-tokens.md", "python"): (2, "test_bound_tokens_page.py"),
    ("docs/tasks/authenticate-with-a-certificate.md", "console"): (
        2,
        "../stories/processes/test_tls.py",
    ),
    ("docs/tasks/call-with-a-key.md", "console"): (2, "../client/keys/test_examples.py"),
    ("docs/tasks/call-with-a-key.md", "python"): (7, "../client/keys/test_examples.py"),
    ("docs/tasks/protect-an-api-behind-a-gateway.md", "nginx"): (1, "test_gateways_page.py"),
    ("docs/tasks/protect-an-api-behind-a-gateway.md", "python"): (1, "test_gateways_page.py"),
    ("docs/tasks/receive-webhooks.md", "python"): (1, "test_receive_webhooks_page.py"),
    ("docs/tasks/report-a-leak.md", "console"): (1, "test_leak_pages.py"),
    ("docs/tasks/rotate-a-secret.md", "console"): (4, "test_rotate_page.py"),
    ("docs/tasks/rotate-a-secret.md", "python"): (1, "test_rotate_page.py"),
    ("docs/tasks/rotate-by-itself.md", "console"): (1, "test_rotate_page.py"),
    ("docs/tasks/use-another-oauth-server.md", "console"): (6, "test_other_servers.py"),
    ("docs/tasks/use-another-oauth-server.md", "python"): (1, "test_other_servers.py"),
}
# What is neither run nor checked, and why.
REASONS = {
    (
        "docs/operate/two-nodes.md",
        "console",
    ): "needs systemd; see test_rolling_restart.py",
    (
        "docs/tasks/protect-an-api-behind-a-gateway.md",
        "console",
    ): "needs nginx; tests/gateways runs the file behind it",
    ("docs/tasks/verify-tokens-with-another-library.md", "go"): "needs another toolchain",
    ("docs/tasks/verify-tokens-with-another-library.md", "ini"): "needs a Kafka broker",
    ("docs/tasks/verify-tokens-with-another-library.md", "java"): "needs another toolchain",
}


def check_toml(example: Example, folder: Path) -> None:
    """Read it as the server's settings."""
    (folder / "gatepass.toml").write_text(example.text)
    load(data=folder)


def check_json(example: Example, _folder: Path) -> None:
    json.loads(example.text)


def check_yaml(example: Example, folder: Path) -> None:
    """Read it as pre-commit's configuration, whose hooks this repository has."""
    (folder / "config.yaml").write_text(example.text)
    configured = {
        hook["id"]
        for repo in load_config(folder / "config.yaml")["repos"]
        for hook in repo["hooks"]
    }

    assert configured <= {hook["id"] for hook in load_manifest(ROOT / ".pre-commit-hooks.yaml")}


def check_sh(example: Example, _folder: Path) -> None:
    subprocess.run(["bash", "-n"], input=example.text, text=True, check=True)


def check_console(example: Example, _folder: Path) -> None:
    """Parse each command: its name, its options, and the targets of make."""
    for command in commands(example.text):
        program, *arguments = shlex.split(command.text, comments=True)
        if program == "gatepass":
            parse(main, "gatepass", arguments)
        elif program == "make":
            targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            named = {each for each in arguments if "=" not in each}
            assert named <= set(targets), command.text
        else:
            raise AssertionError(f"{program} is not a command that this test knows")


def parse(command: click.Command | None, name: str, arguments: list[str]) -> None:
    """Parse a command line as click does; raise click.UsageError where it is wrong."""
    assert command is not None, f"there is no command {name}"
    context = click.Context(command, info_name=name)
    if isinstance(command, click.Group):
        following, *rest = arguments
        parse(command.get_command(context, following), following, rest)
    else:
        command.parse_args(context, arguments)


CHECKS: Mapping[str, Callable[[Example, Path], None]] = {
    "console": check_console,
    "json": check_json,
    "sh": check_sh,
    "toml": check_toml,
    "yaml": check_yaml,
}


def is_run(example: Example) -> bool:
    return example.page in PLAYED or (example.page, example.language) in RUN


def test_every_example_is_run_or_checked_or_has_a_reason() -> None:
    left = [
        (example.page, example.line, example.language)
        for example in EXAMPLES
        if not is_run(example)
        and example.language not in CHECKS
        and (example.page, example.language) not in REASONS
    ]

    assert left == []


CHECKED = [
    each
    for each in EXAMPLES
    if each.language in CHECKS and not is_run(each) and (each.page, each.language) not in REASONS
]


@pytest.mark.parametrize("example", CHECKED, ids=lambda each: f"{each.page}:{each.line}")
def test_an_example_that_is_not_run_is_right(example: Example, tmp_path: Path) -> None:
    CHECKS[example.language](example, tmp_path)


@pytest.mark.parametrize("page", PLAYED)
def test_a_page_is_played_by_its_test(page: str) -> None:
    text = (Path(__file__).parent / PLAYED[page]).read_text()
    names = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}

    assert names & {Path(page).name, f"../{page.removeprefix('docs/')}"}
    assert "play(" in text


def test_as_many_examples_are_run_one_by_one_as_there_are() -> None:
    counted = Counter((each.page, each.language) for each in EXAMPLES)

    for key, (count, test) in RUN.items():
        assert counted[key] == count, f"{key}: see {test}"
        assert (Path(__file__).parent / test).exists()


def test_no_reason_is_left_over() -> None:
    assert {key for key in REASONS if key not in {(e.page, e.language) for e in EXAMPLES}} == set()


def test_a_wrong_option_is_found(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError):
        check_console(Example("", 1, "console", "$ gatepass scope add x --no-such\n"), tmp_path)
