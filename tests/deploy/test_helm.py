"""The Helm chart: linted, rendered, and checked against Kubernetes' schemas."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.conftest import ROOT, Run
from gatepass.server.configuration.settings import load
from gatepass.wire.credential import Mode

CHART = ROOT / "examples" / "deploy" / "helm" / "gatepass"
_ROOM = 5  # seconds that Kubernetes waits longer than the server takes to stop

Helm = Callable[..., Any]
Values = Mapping[str, object]

REQUIRED: Values = {"trustedProxies": ["10.42.0.0/16"]}
EVERYTHING: Values = {
    **REQUIRED,
    "migrate": "job",
    "ingress": {"enabled": True, "annotations": {"a": "b"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "settings": {"workers": 2, "session": {"idle": 600}, "production": {"algorithm": "RS256"}},
    "image": {"repository": "registry.example.com/gatepass", "tag": "0.2.0"},
    "imagePullSecrets": [{"name": "registry"}],
    "networkPolicy": {
        "database": {"to": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]},
        "egress": [{"ports": [{"protocol": "TCP", "port": 443}]}],
    },
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
}
LEAST: Values = {
    **REQUIRED,
    "replicas": 1,
    "networkPolicy": {"enabled": False},
    "podDisruptionBudget": {"enabled": False},
    "topologySpreadConstraints": [],
}


def rendered(helm: Helm, values: Values, name: str = "gatepass") -> dict[str, dict[str, Any]]:
    """Return what the chart makes, by kind; none comes twice."""
    files = helm("render", CHART, values, name=name, namespace="partners")
    assert "error" not in files, files
    texts = [text for file, text in files.items() if file.endswith(".yaml")]
    made = [each for text in texts for each in yaml.safe_load_all(text) if each]
    by_kind = {each["kind"]: each for each in made}
    assert len(by_kind) == len(made)
    return by_kind


def settings_of(made: Mapping[str, Any]) -> str:
    return str(made["ConfigMap"]["data"]["gatepass.toml"])


@pytest.mark.parametrize("values", [REQUIRED, EVERYTHING, LEAST])
def test_helm_finds_no_fault_in_the_chart(helm: Helm, values: Values) -> None:
    report = helm("lint", CHART, values)

    faults = [each for each in report["messages"] if each["severity"] > 1]
    assert (faults, report["errors"]) == ([], [])


@pytest.mark.parametrize("values", [REQUIRED, EVERYTHING, LEAST])
@pytest.mark.parametrize("version", ["1.25", "1.37"])
def test_what_the_chart_makes_fits_the_schemas_of_kubernetes(
    helm: Helm, tool: Run, tmp_path: Path, values: Values, version: str
) -> None:
    made = rendered(helm, values)
    made.pop("ServiceMonitor", None)  # a resource of the Prometheus operator
    file = tmp_path / "made.yaml"

    file.write_text(yaml.safe_dump_all(made.values()))
    ran = tool("kubernetes-validate", "--strict", "-k", version, file)
    assert ran.returncode == 0, ran.stdout + ran.stderr

    made["Service"]["spec"]["portz"] = []
    file.write_text(yaml.safe_dump_all(made.values()))
    assert tool("kubernetes-validate", "--strict", "-k", version, file).returncode != 0


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({}, "trustedProxies"),
        ({"trustedProxies": []}, "trustedProxies"),
        ({**REQUIRED, "production": {"host": "https://app.example.com"}}, "host"),
        ({**REQUIRED, "replica": 3}, "replica"),
        ({**REQUIRED, "migrate": "never"}, "migrate"),
    ],
)
def test_wrong_values_are_refused_by_name(helm: Helm, values: Values, named: str) -> None:
    assert named in helm("render", CHART, values)["error"]


@pytest.mark.parametrize("values", [REQUIRED, EVERYTHING, LEAST])
def test_the_settings_of_the_chart_make_a_server_of_two_environments(
    helm: Helm, tmp_path: Path, values: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GATEPASS_DATA", raising=False)
    made = rendered(helm, values)
    text = settings_of(made)
    is_job = "Job" in made
    assert tomllib.loads(text).get("auto_migrate", True) is not is_job
    (tmp_path / "gatepass.toml").write_text(text)

    settings = load(data=tmp_path)

    assert settings.issuer(Mode.LIVE) == "https://app.example.com"
    assert settings.issuer(Mode.TEST) == "https://sandbox.example.com"
    assert settings.trusted_proxies == ("10.42.0.0/16",)
    pod = made["Deployment"]["spec"]["template"]["spec"]
    ports = {each["name"]: each["containerPort"] for each in pod["containers"][0]["ports"]}
    assert ports == {"http": settings.port, "metrics": settings.metrics_port}
    assert pod["terminationGracePeriodSeconds"] >= settings.shutdown_timeout + _ROOM
    probe = pod["containers"][0]["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] < settings.drain_seconds


def test_settings_of_the_installation_are_added_and_those_of_the_chart_win(helm: Helm) -> None:
    values = {**EVERYTHING, "settings": {"port": 1, "workers": 2, "production": {"hosts": ["x"]}}}

    text = tomllib.loads(settings_of(rendered(helm, values)))

    assert (text["port"], text["workers"]) == (8000, 2)
    assert text["production"] == {"hosts": ["app.example.com"]}


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_pods_have_no_rights_a_read_only_root_and_their_secrets_from_secrets(
    helm: Helm, kind: str
) -> None:
    pod = rendered(helm, EVERYTHING)[kind]["spec"]["template"]["spec"]
    [container] = pod["containers"]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert all("secretKeyRef" in each["valueFrom"] for each in container["env"])
    assert {each["name"] for each in container["volumeMounts"]} == {
        each["name"] for each in pod["volumes"]
    }


def test_the_service_selects_the_servers_and_not_the_job(helm: Helm) -> None:
    made = rendered(helm, EVERYTHING)
    selected = made["Service"]["spec"]["selector"].items()

    assert selected <= made["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    assert not selected <= made["Job"]["spec"]["template"]["metadata"]["labels"].items()
    assert made["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() == selected
    assert made["ServiceMonitor"]["spec"]["selector"]["matchLabels"].items() == selected
    assert selected <= made["Service"]["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("release", "name"), [("gatepass", "gatepass"), ("auth", "auth-gatepass"), ("x" * 53, None)]
)
def test_names_follow_the_release_and_are_short_enough(
    helm: Helm, release: str, name: str | None
) -> None:
    made = rendered(helm, EVERYTHING, name=release)

    names = {each["metadata"]["name"] for each in made.values() if each["kind"] != "Job"}
    assert len(names) == 1
    assert name in {None, *names}
    assert all(len(each["metadata"]["name"]) <= 63 for each in made.values())


def test_the_values_of_the_page_about_installing_make_the_chart(helm: Helm) -> None:
    page = (ROOT / "docs" / "operate" / "install.md").read_text()
    [text] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)

    pod = rendered(helm, yaml.safe_load(text))["Deployment"]["spec"]["template"]["spec"]

    secrets = {each["valueFrom"]["secretKeyRef"]["name"] for each in pod["containers"][0]["env"]}
    mounted = {each["secret"]["secretName"] for each in pod["volumes"] if "secret" in each}
    assert secrets | mounted == set(re.findall(r"create secret generic (\S+)", page))
