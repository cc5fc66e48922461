"""Secrets from AWS Secrets Manager, by botocore, from a fake server that speaks its protocol."""

import base64
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from client.secrets.fake_server import SECRET, refusal, secret_store
from gatepass.client.errors import ConfigurationError, SecretUnavailable
from gatepass.client.secrets.aws import FromAws
from gatepass.loopback import Request, Response

ARN = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:theirs-AbCdEf"
KEY = "wJalrXUtnFEMI-stand-in"
SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/\d{8}/([\w-]+)/secretsmanager/aws4_request, "
    r"SignedHeaders=[\w;-]+, Signature=[0-9a-f]{64}"
)


def amz(status: int, **body: object) -> Response:
    return Response(
        status, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"}
    )


@dataclass
class StandIn:
    """Returns the members of `stored` by the secret's id, or `instead` if that is set."""

    stored: dict[str, dict[str, str]] = field(default_factory=dict)
    instead: Response | None = None
    regions: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        signed = SIGNED.fullmatch(request.headers["authorization"])
        assert signed, request.headers["authorization"]
        assert request.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
        self.regions.append(signed[1])
        if self.instead:
            return self.instead
        asked = json.loads(request.body)["SecretId"]
        if asked not in self.stored:
            return amz(400, __type="ResourceNotFoundException", Message=f"no {SECRET}")
        return amz(200, ARN=ARN, Name=asked, VersionId="v1", **self.stored[asked])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """A fake server that every AWS program would find by its environment."""
    stand_in = StandIn()
    with found_by_the_environment(stand_in.answer, monkeypatch, tmp_path):
        yield stand_in


@contextmanager
def found_by_the_environment(
    answer: Callable[[Request], Response], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> Iterator[None]:
    with secret_store(answer) as address:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": KEY,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": address,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        }.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            monkeypatch.delenv(name, raising=False)
        yield


def test_the_current_value_is_read_and_nothing_is_logged(
    aws: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    aws.stored["ours"] = {"SecretString": SECRET}

    assert FromAws("ours")() == SECRET
    assert SECRET not in caplog.text
    assert KEY not in caplog.text


def test_what_botocore_logs_elsewhere_stays(aws: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    aws.stored["ours"] = {"SecretString": SECRET}
    FromAws("ours")()
    caplog.set_level(logging.DEBUG)

    logging.getLogger("botocore.parsers").debug("of another client")

    assert "of another client" in caplog.text


def test_one_field_of_a_json_secret_is_read(aws: StandIn) -> None:
    aws.stored["ours"] = {"SecretString": json.dumps({"secret": SECRET, "port": 1})}

    assert FromAws("ours", "secret")() == SECRET
    assert "'port'" in refusal(FromAws("ours", "port"))
    assert "no text under" in refusal(FromAws("ours", "other"))


def test_a_field_of_what_is_no_json_object_is_refused(aws: StandIn) -> None:
    aws.stored["ours"] = {"SecretString": SECRET}

    assert "not a JSON object" in refusal(FromAws("ours", "secret"))


def test_a_binary_secret_is_read_as_text(aws: StandIn) -> None:
    aws.stored["ours"] = {"SecretBinary": base64.b64encode(SECRET.encode() + b"\n").decode()}
    aws.stored["bytes"] = {"SecretBinary": base64.b64encode(SECRET.encode() + b"\xff").decode()}
    aws.stored["nothing"] = {}

    assert FromAws("ours")() == SECRET
    assert "not text" in refusal(FromAws("bytes"))
    assert "empty" in refusal(FromAws("nothing"))


def test_the_region_is_that_given_or_of_the_arn_or_of_the_environment(aws: StandIn) -> None:
    aws.stored[ARN] = aws.stored["ours"] = {"SecretString": SECRET}

    for source in (FromAws(ARN), FromAws("ours"), FromAws("ours", region="us-east-1")):
        assert source() == SECRET

    assert aws.regions == ["eu-north-1", "eu-central-1", "us-east-1"]


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ResourceNotFoundException", "check the name"),
        ("AccessDeniedException", "secretsmanager:GetSecretValue"),
        ("DecryptionFailure", "kms:Decrypt"),
        ("InvalidParameterException", "see what AWS says"),
    ],
)
def test_a_refusal_is_told_by_its_code_with_what_to_do(
    code: str, advice: str, aws: StandIn
) -> None:
    aws.instead = amz(400, __type=code, Message=f"User {SECRET} is not authorized")

    message = refusal(FromAws("ours"), KEY)

    assert code in message
    assert advice in message


@pytest.mark.parametrize(
    "answer", [amz(400, __type="ThrottlingException"), amz(500, __type="InternalServiceError")]
)
def test_what_may_pass_is_unavailable(
    answer: Response, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # botocore waits between its attempts
    aws.instead = answer

    assert "try again" in refusal(FromAws("ours"), KEY, kind=SecretUnavailable)


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, b"<html>" + SECRET.encode()),
        Response(200, b'{"SecretString": 5}'),
        Response(200, b"[]"),
        Response(301, SECRET.encode()),
        Response(403, b"<html>" + SECRET.encode()),
    ],
    ids=["html", "number", "list", "redirect", "forbidden"],
)
def test_a_strange_answer_is_refused(answer: Response, aws: StandIn) -> None:
    aws.instead = answer

    refusal(FromAws("ours"), KEY)


def test_an_endpoint_that_is_away_is_unavailable(
    aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with secret_store(aws.answer) as address:
        pass

    source = FromAws("ours", endpoint_url=address)

    assert "EndpointConnectionError" in refusal(source, KEY, kind=SecretUnavailable)


@pytest.mark.usefixtures("aws")
def test_a_profile_that_does_not_exist_and_missing_credentials_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "ProfileNotFound" in refusal(FromAws("ours", profile="nobody"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "NoCredentialsError" in refusal(FromAws("ours"))


def test_a_plain_http_endpoint_is_refused_but_for_loopback() -> None:
    with pytest.raises(ConfigurationError, match="use https"):
        FromAws("ours", endpoint_url="http://aws.example")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.session", None)

    assert "gatepass[aws]" in refusal(FromAws("ours"))
