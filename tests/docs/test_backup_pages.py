"""The pages about backup, restore and moving, played in their order on one installation."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from uuid import uuid4

import botocore.session
import psycopg
import pyrage
import pytest
from moto.server import ThreadedMotoServer

from commands import run
from contracts import postgres
from docs.page import ROOT, Block, Reader, blocks
from gatepass.server.configuration.settings import load
from gatepass.server.environment import data_directory
from gatepass.server.environment.backup.copy import settings_of
from gatepass.wire.credential import Mode

BACK_UP, RESTORE = (
    [each for each in blocks(f"../operate/{name}") if each.language == "console"]
    for name in ("back-up.md", "restore.md")
)
AWS = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "NO_PROXY": "127.0.0.1",
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine with an installation in srv/gatepass, which has an application."""
    machine = tmp_path_factory.mktemp("machine")
    for name in ("srv", "backups", "safe", "home"):
        (machine / name).mkdir()
    data = machine / "srv" / "gatepass"
    data_directory.prepare(load(data=data))
    where = ("--data", data, "--environment", "production")
    made = run("organization", "create", "Acme", "--admin", "anna", "--json", *where)
    org_id = json.loads(made.out)["org_id"]
    made = run("application", "create", "--organization", org_id, "--name", "Billing", *where)
    assert made.status == 0
    (data / "gatepass.toml").write_text("port = 8000\n")
    for name in ("master.key", "gatepass.toml"):
        shutil.copy(data / name, machine / "safe" / name)
    shutil.copy(ROOT / "examples/deploy/litestream/litestream.yml", machine / "home")
    return machine


@pytest.fixture(scope="module")
def reader(machine: Path) -> Iterator[Reader]:
    instead = {f"/{name}": str(machine / name) for name in ("srv", "backups", "safe")}
    instead["s3:/" + "/backups"] = "s3://backups"
    environ = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    with Reader(machine / "home", instead, environ | AWS) as reader:
        yield reader


@pytest.fixture
def bucket(reader: Reader) -> Iterator[None]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = botocore.session.Session().create_client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id="tests",
        aws_secret_access_key="tests",
    )
    where = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket="backups", CreateBucketConfiguration=where)
    client.close()
    reader.environ["AWS_ENDPOINT_URL_S3"] = endpoint
    yield
    server.stop()


@pytest.mark.usefixtures("bucket")
def test_a_backup_is_made_verified_replicated_and_restored(reader: Reader, machine: Path) -> None:
    keys, *others = BACK_UP
    reader.play(keys)
    identity = pyrage.x25519.Identity.from_str(
        (machine / "home" / "identity.txt").read_text().strip()
    )
    reader.instead = {**reader.instead, "age1publickey": str(identity.to_public())}
    has_litestream = shutil.which("litestream", path=reader.environ["PATH"]) is not None
    for block in others:
        if has_litestream or ("litestream" not in block.text and "restored" not in block.text):
            reader.play(block)

    assert (machine / "backups" / "monday.backup").exists()
    if has_litestream:
        with data_directory.opened(load(data=machine / "home" / "restored"), Mode.LIVE) as found:
            assert len(found.keys.opaque_token_keys) == 1

    for block in RESTORE:
        reader.play(block)

    assert "Billing" in reader.printed
    [text] = [each.text for each in blocks("../operate/restore.md") if "[production]" in each.text]
    (machine / "pg.toml").write_text(text)
    assert settings_of(machine / "pg.toml").production.database.startswith("postgresql://")


def test_everything_is_copied_to_postgresql_and_back(reader: Reader, machine: Path) -> None:
    binaries = postgres.find_binaries()
    if binaries is None:
        pytest.skip(postgres.MISSING)
    [settings] = re.findall(r" +```toml\n(.*?)```", _text("move-to-postgresql.md"), re.DOTALL)
    target = machine / "srv" / "gatepass-postgresql"
    target.mkdir()
    there, back, rotate = _console("move-to-postgresql.md")
    with postgres.running(binaries) as address:
        for name in ("gatepass_live", "gatepass_test"):
            database = _database(address)
            settings = settings.replace(
                f"postgresql://gatepass@db.example.com/{name}", address.format(name=database)
            )
        (target / "gatepass.toml").write_text(dedent(settings))
        reader.play(there)
        reader.play(back)
    reader.play(rotate)


def _text(name: str) -> str:
    return (ROOT / "docs" / "operate" / name).read_text()


def _console(name: str) -> list[Block]:
    """Return the console blocks, those in a list, too."""
    pattern = r"^ *```console\n(.*?)^ *```"
    found = re.findall(pattern, _text(name), re.DOTALL | re.MULTILINE)
    return [Block(0, "console", dedent(text)) for text in found]


def _database(address: str) -> str:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(
        address.format(name="postgres").replace("+psycopg", ""), autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return name
