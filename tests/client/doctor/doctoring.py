"""`gatepass check` run in this process, and its findings by check."""

import json
from typing import NamedTuple

from click.testing import CliRunner, Result

from gatepass.cli import main
from gatepass.wire import credential
from gatepass.wire.credential import Kind, Mode

SECRET = {mode: credential.mint(Kind.CLIENT_SECRET, mode, bytes(range(32))) for mode in Mode}
CLIENT_ID = {mode: credential.mint(Kind.CLIENT_ID, mode, bytes(range(16))) for mode in Mode}
LIVE, TEST = Mode.LIVE, Mode.TEST
CHECKS = ["name", "connection", "tls", "clock", "metadata", "environment", "token", "scope"]


class Line(NamedTuple):
    outcome: str
    message: str


def check(environ: dict[str, str], *words: str, charset: str = "utf-8") -> Result:
    result = CliRunner(charset=charset).invoke(
        main, ["check", *words], env=environ, prog_name="gatepass"
    )
    for secret in SECRET.values():
        assert secret not in result.output
    return result


def run_check(environ: dict[str, str]) -> dict[str, Line]:
    """Return the lines by their checks; the exit status has to fit them."""
    result = check(environ, "--json")
    lines = json.loads(result.stdout)
    failed = any(line["outcome"] == "failed" for line in lines)
    assert result.exit_code == (1 if failed else 0), result.output
    return {line["check"]: Line(line["outcome"], line["message"]) for line in lines}


def environ_of(token_url: str, **more: str) -> dict[str, str]:
    none = dict.fromkeys(["https_proxy", "all_proxy", "no_proxy"], "")  # before upper case
    return {
        **none,
        "GATEPASS_TOKEN_URL": token_url,
        "GATEPASS_CLIENT_ID": CLIENT_ID[TEST],
        "GATEPASS_CLIENT_SECRET": SECRET[TEST],
        **more,
    }
