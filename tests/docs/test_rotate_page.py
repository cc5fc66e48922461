"""The page about rotation, before a real server and its portal."""

from pathlib import Path

from docs.page import Reader, blocks
from gatepass import ClientSettings, TokenSource
from gatepass.testing import Clock
from server_process import Server
from stories.partners.portal import APPLICATIONS, Portal


class Program:
    """A program that runs through it all, and renews its token after each step."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._clock = Clock()
        self._source = TokenSource(ClientSettings.from_env(environ), now=self._clock)

    def renew(self) -> None:
        self._clock.advance(24 * 3600)
        self._source.token()

    @property
    def failures(self) -> int:
        return self._source.status().failures


def rotate(portal: Portal, app_id: str) -> str:
    """Do the first step; give the new secret."""
    where = f"{APPLICATIONS}{app_id}/"
    answer = portal.send(f"{where}rotate/", on=f"{where}rotation/", overlap="86400")
    assert answer.status_code == 303
    return portal.copy(app_id).client_secret


def end_the_old_one(portal: Portal, app_id: str) -> None:
    """Do the last step; the older one stands below the newer."""
    where = f"{APPLICATIONS}{app_id}/"
    on = f"{where}credentials/"
    *_, action = [each for each in portal.page(on).forms if each.endswith("/end/")]
    assert portal.send(action, on=on).status_code == 303


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_secret_is_rotated_without_an_outage(server: Server, tmp_path: Path) -> None:
    in_file, in_env, in_python, after_the_end, at_last = blocks("rotate-a-secret.md")
    kept = folder(tmp_path / "kept") / "gatepass"
    organization = server.create_organization("Rotating Energy", "rosa")
    with Portal(server) as portal:
        portal.begin(organization)
        app_id = portal.register("Billing")
        old = portal.copy(app_id)
        who = {
            "GATEPASS_TOKEN_URL": f"{server.url()}/oauth2/token/",
            "GATEPASS_CLIENT_ID": old.client_id,
        }
        kept.write_text(old.client_secret)
        kept.chmod(0o600)
        by_file = who | {"GATEPASS_CLIENT_SECRET_FILE": str(kept)}
        by_env = who | {"GATEPASS_CLIENT_SECRET": old.client_secret}
        program = Program(by_file)
        program.renew()

        new = rotate(portal, app_id)
        program.renew()
        both = Program(by_env | {"GATEPASS_NEXT_CLIENT_SECRET": new})
        both.renew()

        with (
            Reader(folder(tmp_path / "a"), {"/run/secrets": str(kept.parent)}, by_file, new) as a,
            Reader(folder(tmp_path / "b"), {}, by_env, new) as b,
        ):
            a.play(in_file)
            assert kept.read_text() == new
            b.play(in_env)
            b.environ["GATEPASS_NEXT_CLIENT_SECRET"] = new
            b.play(in_python)

            end_the_old_one(portal, app_id)
            b.play(after_the_end)
            b.play(at_last)

        assert server.ask_token(old.client_id, old.client_secret).status == 401
        program.renew()
        both.renew()
        assert program.failures == both.failures == 0


def test_a_program_rotates_its_secret(server: Server, tmp_path: Path) -> None:
    (tried,) = blocks("rotate-by-itself.md")
    kept = folder(tmp_path / "kept") / "gatepass"
    organization = server.create_organization("Turning Energy", "tove")
    with Portal(server) as portal:
        portal.begin(organization)
        app_id = portal.register("Billing")
        old = portal.copy(app_id)
        where = f"{APPLICATIONS}{app_id}/automatic-rotation/"
        setting = {"rotation_interval": "30", "rotation_overlap": "86400"}
        assert portal.send(where, on=where, automatic_rotation="on", **setting).status_code == 303
    kept.write_text(old.client_secret)
    kept.chmod(0o600)
    environ = {
        "GATEPASS_TOKEN_URL": f"{server.url()}/oauth2/token/",
        "GATEPASS_CLIENT_ID": old.client_id,
    }

    with Reader(folder(tmp_path / "a"), {"/run/secrets": str(kept.parent)}, environ) as reader:
        reader.play(tried)

    assert kept.read_text() != old.client_secret
    for secret in (kept.read_text(), old.client_secret):
        assert server.ask_token(old.client_id, secret).status == 200
