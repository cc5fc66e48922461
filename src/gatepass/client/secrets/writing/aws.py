"""Replaces a secret in AWS Secrets Manager, or one field of its JSON."""

from contextlib import closing
from typing import Any

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.aws import FromAws, refusal, text_of, unlogged
from gatepass.client.secrets.validation import select
from gatepass.client.secrets.writing.store import ReadBySource, check_same
from gatepass.client.secrets.writing.text import with_secret
from gatepass.wire.secret import Secret

_ADVICE = {
    "AccessDeniedException": "let the role do secretsmanager:PutSecretValue and "
    "secretsmanager:GetSecretValue on it",
    "DecryptionFailure": "let the role do kms:Decrypt with the key of the secret",
    "EncryptionFailure": "let the role do kms:GenerateDataKey with the key of the secret",
    "ExpiredTokenException": "log in again",
    "InvalidRequestException": "the secret may be marked for deletion",
    "LimitExceededException": "it has too many versions, wait until old ones are removed",
    "ResourceNotFoundException": "check the name and the region",
    "UnrecognizedClientException": "check the credentials",
}


class AwsStore(ReadBySource):
    """What a FromAws reads. The old value stays as the version with the label AWSPREVIOUS."""

    def __init__(self, source: FromAws) -> None:
        super().__init__(source, source.where)
        self._aws = source

    def check(self) -> None:
        """Do nothing: only a write shows whether the role may write."""

    def write(self, new: Secret, expected: Secret) -> None:
        """Put a new version, which becomes the current one."""
        try:
            with unlogged(), closing(self._aws.client()) as client:
                self._replace(client, new, expected)
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001 - botocore's, and what a strange answer causes
            raise refusal(error, self.where, _ADVICE) from None

    def _replace(self, client: Any, new: Secret, expected: Secret) -> None:  # noqa: ANN401
        name, field = self._aws.secret_id, self._aws.field
        answer = client.get_secret_value(SecretId=name)
        text = text_of(answer, self.where)
        check_same(Secret(select(text, field, self.where)), expected, self.where)
        value = with_secret(text, field, new)
        is_text = isinstance(answer.get("SecretString"), str)
        kind = {"SecretString": value} if is_text else {"SecretBinary": value.encode()}
        client.put_secret_value(SecretId=name, **kind)
