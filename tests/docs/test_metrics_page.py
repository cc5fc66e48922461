"""The page about metrics has what /metrics has: every metric, its labels and their values."""

import re
from collections import defaultdict
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from docs.page import ROOT
from gatepass.server.domain.usage.refusal_reasons import REASONS
from gatepass.server.environment import maintenance
from gatepass.server.observability.health import PROBLEMS
from gatepass.server.observability.metrics.counters import ENDINGS, RESULTS
from gatepass.server.observability.metrics.endpoint_names import NAMES
from gatepass.wire.errors import STATUS
from server.fixtures import open_passive_server

PAGE = (ROOT / "docs" / "reference" / "metrics.md").read_text()
ROWS = {
    name: (kind, set(re.findall(r"`(\w+)`", labels)))
    for name, kind, labels in re.findall(
        r"^\| `((?:gatepass|process)_\w+)` \| (\w+) \|([^|]*)\|", PAGE, re.MULTILINE
    )
}


def values(label: str) -> set[str]:
    """Return the values that the page's list names for a label, each in backticks."""
    [text] = re.findall(rf"^- `{label}`: (.*?)(?=^- |^$)", PAGE, re.MULTILINE | re.DOTALL)
    text = re.sub(r"`[^`]*[{/][^`]*`", "", text)  # an example, a path
    return set(re.findall(r"`(\w+)`", text))


def test_every_metric_is_there_with_its_kind_and_its_labels_and_no_other(tmp_path: Path) -> None:
    with open_passive_server(tmp_path) as server:
        server.ask(server.register())  # a histogram without an observation has no labels
        for environment in server.app.environments:  # which no thread of theirs looks after here
            environment.housekept_at = {"prune": 0.0}
            maintenance.probe_database(environment)
        text = server.send("GET", "/metrics", source="127.0.0.1").text
    found = {}
    labelled: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text):
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        for sample in family.samples:
            for label, value in sample.labels.items():
                labelled[label].add(value)
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found[name] = (family.type, labels)

    assert found == ROWS
    assert labelled["environment"] == values("environment") | {""}
    assert labelled["kind"] <= set(re.findall(r"`(\w+)`", PAGE))
    for label in ("queue", "cache", "page", "resource"):
        assert labelled[label] == values(label), label


def test_every_value_of_a_label_is_there_and_no_other() -> None:
    assert values("endpoint") == set(NAMES)
    assert values("reason") == set(REASONS)
    assert values("result") - set(STATUS) == RESULTS - set(STATUS)
    assert values("problem") == set(PROBLEMS)
    assert set(ENDINGS) <= set(re.findall(r"`(\w+)`", PAGE))
