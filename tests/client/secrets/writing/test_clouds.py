"""Secrets in the stores of AWS, Google and Azure are replaced; fakes speak their protocols."""

import base64
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from client.fake_server import json_response
from client.secrets import test_aws, test_azure, test_google
from client.secrets.fake_server import SECRET, refusal, secret_store
from client.secrets.test_google import google  # noqa: F401 - a fixture
from gatepass.client.errors import ChangedMeanwhile, ConfigurationError, SecretUnavailable
from gatepass.client.secrets.aws import FromAws
from gatepass.client.secrets.azure import FromAzure
from gatepass.client.secrets.google import FromGoogle
from gatepass.client.secrets.writing.aws import AwsStore
from gatepass.client.secrets.writing.azure import AzureStore
from gatepass.client.secrets.writing.google import GoogleStore
from gatepass.client.secrets.writing.store import SecretStore
from gatepass.loopback import Request, Response
from gatepass.wire.secret import Secret

OLD, NEW = Secret(SECRET), Secret("gps-new-7Cq5")
AS_JSON = json.dumps({"secret": SECRET, "port": 1})


def written(store: SecretStore, expected: Secret = OLD) -> str:
    store.check()
    store.write(NEW, expected)
    return store.read().value


def unlogged(caplog: pytest.LogCaptureFixture) -> bool:
    hidden = (SECRET, NEW.value, base64.b64encode(NEW.value.encode()).decode())
    return bool(caplog.text) and not any(each in caplog.text for each in hidden)


@dataclass
class Aws(test_aws.StandIn):
    """AWS Secrets Manager with one secret; `refused` is the code that answers writes."""

    refused: str = ""

    def answer(self, request: Request) -> Response:
        if request.headers["x-amz-target"] != "secretsmanager.PutSecretValue":
            return super().answer(request)
        if self.refused:
            return test_aws.amz(400, __type=self.refused, Message=f"no {SECRET}")
        sent = json.loads(request.body)
        assert sent.pop("ClientRequestToken")
        name = sent.pop("SecretId")
        self.stored[name] = sent
        return test_aws.amz(200, Name=name, VersionId="v2")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    stand_in = Aws()
    with test_aws.found_by_the_environment(stand_in.answer, monkeypatch, tmp_path):
        yield stand_in


def test_aws_has_the_new_secret_as_its_current_version_and_nothing_is_logged(
    aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    aws.stored["ours"] = {"SecretString": SECRET}

    assert written(AwsStore(FromAws("ours"))) == NEW.value
    assert aws.stored["ours"] == {"SecretString": NEW.value}
    assert unlogged(caplog)


def test_aws_keeps_the_other_fields_and_bytes_stay_bytes(aws: Aws) -> None:
    aws.stored["json"] = {"SecretString": AS_JSON}
    aws.stored["bytes"] = {"SecretBinary": base64.b64encode(SECRET.encode()).decode()}

    assert written(AwsStore(FromAws("json", "secret"))) == NEW.value
    assert written(AwsStore(FromAws("bytes"))) == NEW.value
    assert json.loads(aws.stored["json"]["SecretString"]) == {"secret": NEW.value, "port": 1}
    assert list(aws.stored["bytes"]) == ["SecretBinary"]


def test_aws_refuses_with_what_to_do_and_another_secret_is_left(aws: Aws) -> None:
    aws.stored["ours"] = {"SecretString": SECRET}
    store = AwsStore(FromAws("ours"))
    refusal(lambda: written(store, NEW), NEW.value, kind=ChangedMeanwhile)
    aws.refused = "AccessDeniedException"

    assert "PutSecretValue" in refusal(lambda: written(store), NEW.value)
    assert aws.stored["ours"] == {"SecretString": SECRET}


@dataclass
class Google(test_google.StandIn):
    """Google Secret Manager with one secret; `refused` is the status that answers writes."""

    refused: int = 0

    def answer(self, request: Request) -> Response:
        if not request.path.endswith(":addVersion"):
            return super().answer(request)
        assert request.headers["authorization"] == f"Bearer {test_google.TOKEN}"
        if self.refused:
            return Response(self.refused, SECRET.encode())
        name = request.path.removeprefix("/v1/").removesuffix(":addVersion")
        data = json.loads(request.body)["payload"]["data"]
        self.stored[f"{name}/versions/latest"] = base64.b64decode(data, validate=True)
        return json_response(name=f"{name}/versions/2", state="ENABLED")


@pytest.fixture
def own_google(google: test_google.StandIn) -> Iterator[Google]:  # noqa: ARG001, F811
    """The fake of Google's token endpoint is that of the reading tests."""
    stand_in = Google()
    with secret_store(stand_in.answer) as address:
        stand_in.address = address
        yield stand_in


NAME = test_google.NAME
LATEST = f"{NAME}/versions/latest"


def test_google_has_the_new_secret_as_its_latest_version_and_nothing_is_logged(
    own_google: Google, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    own_google.stored[LATEST] = SECRET.encode()

    assert written(GoogleStore(FromGoogle(NAME, "", own_google.address))) == NEW.value
    assert unlogged(caplog)


def test_google_keeps_the_other_fields_and_another_secret_is_left(own_google: Google) -> None:
    own_google.stored[LATEST] = AS_JSON.encode()
    store = GoogleStore(FromGoogle(NAME, "secret", own_google.address))

    refusal(lambda: written(store, NEW), NEW.value, kind=ChangedMeanwhile)
    assert written(store) == NEW.value
    assert json.loads(own_google.stored[LATEST]) == {"secret": NEW.value, "port": 1}


@pytest.mark.parametrize(
    ("status", "advice", "kind"),
    [
        (403, "secretVersionAdder", ConfigurationError),
        (404, "check the name", ConfigurationError),
        (503, "try again", SecretUnavailable),
    ],
)
def test_google_refuses_with_what_to_do(
    own_google: Google, status: int, advice: str, kind: type[ConfigurationError]
) -> None:
    own_google.stored[LATEST] = SECRET.encode()
    own_google.refused = status
    store = GoogleStore(FromGoogle(NAME, "", own_google.address))

    assert advice in refusal(lambda: written(store), NEW.value, kind=kind)


@dataclass
class Azure(test_azure.StandIn):
    """Azure Key Vault; `sent` are the bodies of the writes."""

    sent: list[dict[str, object]] = field(default_factory=list)
    refused: int = 0

    def answer(self, request: Request) -> Response:
        if request.method != "PUT" or "authorization" not in request.headers:
            return super().answer(request)
        if self.refused:
            return json_response(self.refused, error={"code": "Forbidden", "message": SECRET})
        body = json.loads(request.body)
        name = request.path.partition("?")[0].removeprefix("/secrets/").strip("/")
        self.sent.append(body)
        self.stored[name] = body["value"]
        return json_response(
            value=body["value"],
            id=f"{self.address}/secrets/{name}/v2",
            attributes={"enabled": True},
        )


@pytest.fixture
def azure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    stand_in = Azure()
    with secret_store(stand_in.answer, certificate) as address:
        stand_in.address = address
        yield stand_in


def in_azure(azure: Azure, field: str = "", version: str = "") -> AzureStore:
    credential = test_azure.CREDENTIAL
    return AzureStore(FromAzure(azure.address, "gatepass", field, version, credential))


def test_azure_has_the_new_secret_as_its_newest_version_and_nothing_is_logged(
    azure: Azure, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    azure.stored["gatepass"] = SECRET

    assert written(in_azure(azure)) == NEW.value
    assert unlogged(caplog)


def test_azure_keeps_the_other_fields_and_another_secret_is_left(azure: Azure) -> None:
    azure.stored["gatepass"] = AS_JSON

    refusal(lambda: written(in_azure(azure, "secret"), NEW), NEW.value, kind=ChangedMeanwhile)
    assert written(in_azure(azure, "secret")) == NEW.value
    assert json.loads(azure.stored["gatepass"]) == {"secret": NEW.value, "port": 1}


def test_azure_refuses_with_what_to_do(azure: Azure) -> None:
    azure.stored["gatepass"] = SECRET
    azure.refused = 403

    assert "Secrets Officer" in refusal(lambda: written(in_azure(azure)), NEW.value)


def test_a_version_that_is_named_is_not_written(azure: Azure) -> None:
    google_version = GoogleStore(FromGoogle(f"{NAME}/versions/7"))

    assert "leave /versions/... out" in refusal(lambda: written(google_version), NEW.value)
    assert "name no version" in refusal(lambda: written(in_azure(azure, version="7")), NEW.value)
