"""Backups in S3 and stores like it, by botocore: an upload in parts, which appears at its end.

Credentials, region and endpoint are found as every AWS program finds them; AWS_ENDPOINT_URL_S3 is
the endpoint of another store.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, RawIOBase
from typing import IO, Any, cast

from gatepass.server.environment.backup.errors import BackupError

_PART = 16 << 20  # bytes; S3 takes 10,000 parts of at least 5 MiB
_GROWS_AFTER = 1000  # parts, so that a backup may have 880 GB
_MISSING = "s3:// needs botocore: pip install 'gatepass[server,aws]'."


@contextmanager
def writing(bucket: str, key: str) -> Iterator[IO[bytes]]:
    """Open an upload; raise BackupError where it fails, and nothing of it is visible then."""
    with _errors(bucket, key):
        client = _client()
        _refuse_existing(client, bucket, key)
        upload = _Upload(client, bucket, key)
        try:
            yield cast("IO[bytes]", upload)
            upload.complete()
        except BaseException:
            upload.abort()
            raise


@contextmanager
def reading(bucket: str, key: str) -> Iterator[BufferedReader]:
    """Open a download; raise BackupError where it fails."""
    with _errors(bucket, key):
        answer = _client().get_object(Bucket=bucket, Key=key)
        with BufferedReader(cast("Any", _Download(answer["Body"])), 1 << 20) as download:
            yield download


class _Upload:
    """What is written is sent in parts."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:  # noqa: ANN401 - has no types
        self._client = client
        self._where = {"Bucket": bucket, "Key": key}
        self._id = client.create_multipart_upload(**self._where)["UploadId"]
        self._parts: list[dict[str, object]] = []
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        size = _PART * (1 + len(self._parts) // _GROWS_AFTER)
        if len(self._waiting) >= size:
            self._send()
        return len(data)

    def flush(self) -> None:
        """Wait for more: parts have a least size."""

    def complete(self) -> None:
        """Send the rest, and let the object appear."""
        self._send()
        self._client.complete_multipart_upload(
            **self._where, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        """Delete what was sent."""
        with suppress(Exception):  # the reason for it is raised; the bucket's lifecycle deletes it
            self._client.abort_multipart_upload(**self._where, UploadId=self._id)

    def _send(self) -> None:
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._where, UploadId=self._id, PartNumber=number, Body=bytes(self._waiting)
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self._waiting.clear()


class _Download(RawIOBase):
    def __init__(self, body: Any) -> None:  # noqa: ANN401 - botocore has no types
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as RawIOBase has it
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


def _client() -> Any:  # noqa: ANN401 - botocore has no types
    try:
        import botocore.session
    except ModuleNotFoundError:
        raise BackupError(_MISSING) from None
    from botocore.config import Config

    config = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard"})
    return botocore.session.Session().create_client("s3", config=config)


def _refuse_existing(client: Any, bucket: str, key: str) -> None:  # noqa: ANN401
    from botocore.exceptions import ClientError

    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
            return  # 403: it may write there, but not read
        raise
    raise BackupError(f"s3://{bucket}/{key} exists. Choose another key, or delete it first.")


@contextmanager
def _errors(bucket: str, key: str) -> Iterator[None]:
    """Turn botocore's errors into one line, without what the store answered."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith("botocore"):
            raise
        response = getattr(error, "response", None) or {}
        code = str(response.get("Error", {}).get("Code") or type(error).__name__)
        raise BackupError(
            f"s3://{bucket}/{key} cannot be used ({code}). Check the bucket, the region, the "
            "credentials and the network."
        ) from None
