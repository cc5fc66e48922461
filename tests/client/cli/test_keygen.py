"""`gatepass keygen`: a private key in a file that is ours alone, a public key on the screen."""

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from client.keys.key_server import CLIENT_ID, KeyServer, key_server
from gatepass.cli import main
from gatepass.client.cli import keygen as command
from gatepass.client.keys.generation import ALGORITHMS
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.jose.keys.public_key import read_keys


def keygen(*words: str) -> Result:
    return CliRunner().invoke(main, ["keygen", *words], prog_name="gatepass")


def made(file: Path, *words: str) -> dict[str, dict[str, str]]:
    result = keygen("--json", *words, str(file))
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert isinstance(shown, dict)
    return shown


def register(server: KeyServer, jwk: object) -> None:
    server.keys += read_keys(json.dumps(jwk).encode())


@pytest.mark.parametrize("form", ["pem", "jwk"])
@pytest.mark.parametrize("alg", [alg for alg in ALGORITHMS if alg != "PS512"])
def test_what_is_printed_is_all_that_a_program_and_a_server_need(
    tmp_path: Path, alg: str, form: str
) -> None:
    shown = made(tmp_path / "key", "--alg", alg, "--format", form, "--kid", "our key")
    with key_server() as server:
        register(server, shown["public_key"]["jwk"])
        environ = {"GATEPASS_TOKEN_URL": server.token_url, "GATEPASS_CLIENT_ID": CLIENT_ID}
        source = TokenSource(ClientSettings.from_env(environ | shown["settings"]))

        assert source.token().value == "t0ken"
        assert (server.assertions[0].alg, server.assertions[0].kid) == (alg, "our key")


def test_the_private_key_is_its_owners_alone_and_not_printed(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    umask = os.umask(0)
    try:
        result = keygen("--format", "jwk", str(file))
    finally:
        os.umask(umask)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["d"] not in result.output
    assert "-----BEGIN PRIVATE" not in keygen(str(tmp_path / "key.pem")).output


def test_people_are_shown_both_forms_and_the_setting(tmp_path: Path) -> None:
    result = keygen(str(tmp_path / "key.pem"))

    jwk = result.stdout[result.stdout.index("{") : result.stdout.index("}") + 1]
    pem = result.stdout[result.stdout.index("-----BEGIN") :]
    pem = pem[: pem.index("Then set")]
    assert read_keys(jwk.encode())[0].thumbprint == read_keys(pem.encode())[0].thumbprint
    assert f"GATEPASS_PRIVATE_KEY_FILE={tmp_path}/key.pem" in result.stdout
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("a key in use")
    result = keygen(str(file))

    assert (result.exit_code, file.read_text()) == (1, "a key in use")
    assert (
        result.stderr == f"Error: {file} exists: give another name, so that no key in use is lost\n"
    )


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")

    assert keygen(str(tmp_path / "link")).exit_code == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_path_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    result = keygen(f"{tmp_path}/no/such/folder/key.pem")

    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("kid", ["x" * 257, "a\nb"])
def test_a_name_that_no_server_takes_is_refused(tmp_path: Path, kid: str) -> None:
    assert keygen("--kid", kid, str(tmp_path / "key")).exit_code == 2
    assert not (tmp_path / "key").exists()


def test_the_choice_of_algorithms_is_what_can_be_made() -> None:
    assert command._ALGORITHMS == ALGORITHMS  # noqa: SLF001 - repeated, so as to start fast


def test_the_private_key_is_not_written_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = keygen("-")

    assert result.exit_code == 2
    assert "the private key is not printed" in result.output
    assert list(tmp_path.iterdir()) == []
