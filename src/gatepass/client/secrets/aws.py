"""The secret from AWS Secrets Manager, by botocore and its default chain of credentials."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from gatepass.client.errors import ConfigurationError, SecretUnavailable, cleaned
from gatepass.client.network.urls import check_url
from gatepass.client.secrets.validation import decoded, library_of, select

_CONNECT, _READ, _ATTEMPTS = 5, 10, 3  # seconds, seconds, requests

_CODE = re.compile(r"[A-Za-z]{1,60}")
_ADVICE = {
    "AccessDeniedException": "let the role do secretsmanager:GetSecretValue on it",
    "DecryptionFailure": "let the role do kms:Decrypt with the key of the secret",
    "ExpiredTokenException": "log in again",
    "InvalidRequestException": "the secret may be marked for deletion",
    "ResourceNotFoundException": "check the name and the region",
    "UnrecognizedClientException": "check the credentials",
}


@dataclass(frozen=True, slots=True)
class FromAws:
    """Returns the current value of a secret by its name or ARN: all, or one `field` of its JSON.

    Credentials, region and endpoint come from where every AWS program finds them; `region`,
    `profile` and `endpoint_url` say otherwise. The region in an ARN is used.
    """

    secret_id: str
    field: str = ""
    region: str = ""
    profile: str = ""
    endpoint_url: str = ""

    def __post_init__(self) -> None:
        if self.endpoint_url:
            check_url(self.endpoint_url, "the endpoint URL of AWS Secrets Manager")

    def __call__(self) -> str:
        """Ask AWS; raise ConfigurationError where it gives no secret."""
        try:
            with unlogged(), closing(self.client()) as client:
                answer: dict[str, Any] = client.get_secret_value(SecretId=self.secret_id)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - botocore's, and what a strange answer causes
            raise refusal(error, self.where) from None
        return select(text_of(answer, self.where), self.field, self.where)

    @property
    def where(self) -> str:
        """Its name in messages."""
        return f"the secret {cleaned(self.secret_id)} in AWS Secrets Manager"

    def client(self) -> Any:  # noqa: ANN401 - botocore has no types
        """Return a client of AWS Secrets Manager, to be closed; raises botocore's errors."""
        with library_of("aws"):
            import botocore.session  # takes a while to load
            from botocore.config import Config

        session = botocore.session.Session(profile=self.profile or None)
        return session.create_client(
            "secretsmanager",
            region_name=self.region or _region(self.secret_id),
            endpoint_url=self.endpoint_url or None,
            config=Config(
                connect_timeout=_CONNECT,
                read_timeout=_READ,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            ),
        )


def text_of(answer: Mapping[str, Any], where: str) -> str:
    """Return the value of a secret, which is text or bytes."""
    text = answer.get("SecretString")
    return text if isinstance(text, str) else decoded(answer.get("SecretBinary") or b"", where)


def _region(secret_id: str) -> str | None:
    """Return the region that an ARN names."""
    parts = secret_id.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else None


def refusal(
    error: Exception, where: str, advice: Mapping[str, str] = _ADVICE
) -> ConfigurationError:
    """Return what to do by the kind of `error`; its text is left out."""
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

    kind = type(error).__name__
    if isinstance(error, ConnectionError | HTTPClientError):
        return SecretUnavailable(f"{where} cannot be reached ({kind}): check the network")
    if not isinstance(error, ClientError):
        return ConfigurationError(
            f"{where} cannot be read ({kind}): check the credentials, the region and the profile"
        )
    code = str(error.response.get("Error", {}).get("Code"))
    code = code if _CODE.fullmatch(code) else "a malformed code"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    refused = f"{where} is not given ({code}): "
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code == "ThrottlingException":
        return SecretUnavailable(f"{refused}try again")
    return ConfigurationError(refused + advice.get(code, "see what AWS says of this code"))


_reading = ContextVar("_reading", default=False)


class _Unlogged(logging.Filter):
    """Drops what botocore logs at DEBUG while a secret is read or written here: whole bodies."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return not _reading.get()


_UNLOGGED = _Unlogged()


@contextmanager
def unlogged() -> Iterator[None]:
    """Let botocore log no body of a request or an answer."""
    for name in ("botocore.parsers", "botocore.hooks", "botocore.endpoint"):
        logging.getLogger(name).addFilter(_UNLOGGED)
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)
