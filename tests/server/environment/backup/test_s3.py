"""Backups in S3, against moto's server."""

import os
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto.server import ThreadedMotoServer

from gatepass.server.environment.backup.errors import BackupError
from gatepass.server.environment.backup.places import reading, writing

BIG = os.urandom(20 << 20)  # more than a part


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


S3 = Any  # botocore has no types


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A client of the store, in which there is a bucket; the variables lead to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = botocore.session.Session().create_client("s3")
    where = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket="backups", CreateBucketConfiguration=where)
    yield client
    for each in client.list_objects_v2(Bucket="backups").get("Contents", []):
        client.delete_object(Bucket="backups", Key=each["Key"])
    client.delete_bucket(Bucket="backups")
    client.close()


def _keys(store: S3) -> list[str]:
    found = store.list_objects_v2(Bucket="backups").get("Contents", [])
    return [each["Key"] for each in found]


def _uploads(store: S3) -> list[str]:
    found = store.list_multipart_uploads(Bucket="backups").get("Uploads", [])
    return [each["Key"] for each in found]


def test_a_backup_of_several_parts_appears_when_it_is_whole(store: S3) -> None:
    with writing("s3://backups/daily/big.backup") as out:
        for start in range(0, len(BIG), 1 << 20):
            out.write(BIG[start : start + (1 << 20)])
        assert _keys(store) == []

    assert _keys(store) == ["daily/big.backup"]
    with reading("s3://backups/daily/big.backup") as stream:
        assert stream.peek(10)[:10] == BIG[:10]
        assert stream.read() == BIG


def test_nothing_is_visible_of_a_backup_that_failed(store: S3) -> None:
    place = "s3://backups/new.backup"
    with pytest.raises(ValueError, match="midway"), writing(place) as out:  # noqa: PT012
        out.write(BIG)
        assert _uploads(store) == ["new.backup"]
        raise ValueError("midway")

    assert _keys(store) == []
    assert _uploads(store) == []


@pytest.mark.usefixtures("store")
def test_an_earlier_backup_is_never_overwritten() -> None:
    with writing("s3://backups/new.backup") as out:
        out.write(b"old")

    with pytest.raises(BackupError, match="exists"), writing("s3://backups/new.backup"):
        pass
    with reading("s3://backups/new.backup") as stream:
        assert stream.read() == b"old"


def test_a_bucket_that_does_not_exist_is_one_line(store: S3) -> None:
    no_bucket = r"s3://missing/key cannot be used \(NoSuchBucket\)"
    with pytest.raises(BackupError, match=no_bucket), writing("s3://missing/key"):
        pass
    with pytest.raises(BackupError, match=no_bucket), reading("s3://missing/key"):
        pass
    with pytest.raises(BackupError, match=r"\(NoSuchKey\)"), reading("s3://backups/key"):
        pass
    assert _keys(store) == []


@pytest.mark.usefixtures("store")
def test_a_store_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(BackupError, match="cannot be used"), reading("s3://backups/key"):
        pass
