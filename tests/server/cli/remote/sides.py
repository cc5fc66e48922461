"""The same commands twice: on the data of this machine, and by the Admin API of a server.

They work in different environments of one server, in which everything else is equal.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from commands import Ran, run_in_process
from server_process import Server

_AREAS = (
    "organizations",
    "people",
    "applications",
    "usage",
    "catalogue",
    "webhooks",
    "keys",
    "audit",
    "mail",
)
# What differs between two environments, from one moment to the next, or by who has acted.
_VARYING = {
    r"\bgp[cs]_(?:live|test)_\w+": "CREDENTIAL",
    r"\bending in \w{4}\b": "ending in LAST",
    r"\bwhsec_[\w+/=]+": "WEBHOOK SECRET",
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "ID",
    r"http://localhost:\d+": "SERVER",
    r"\b20\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: UTC|Z|\+00:00)?)?": "TIME",
    r"\b(?:production|sandbox)\b": "ENVIRONMENT",
    r'"link": "[0-9a-f]{64}"': '"link": DIGEST',
    r"\d+ entries verified, links 0 to \d+": "ENTRIES verified",
    r"\d+ checkpoints are kept": "CHECKPOINTS are kept",
    r'("(?:entries|erased|last_link|checkpoints)": )\d+': r"\1VALUE",
    r'("(?:initial_password|number|from|operator|ends_with)": )("[^"]*"|\d+)': r"\1VALUE",
    r"\bends_with [0-9A-Za-z]{4}\b": "ends_with VALUE",
    r"\bSecret ending in [0-9A-Za-z]{4}\b": "Secret ending in VALUE",
    r"(?<=  )[\w-]{43}(?=  )": "KEY ID",
    r'("(?:kid|private_key|private_jwk)": )"(?:[^"\\]|\\.)*"': r"\1VALUE",
}
_OF_PRODUCTION = "/api/admin/v1"  # the Admin API is a resource of production alone


class Step(NamedTuple):
    """A command; `keeps` are the names of what its JSON has, for later commands.

    What is not `is_ordered` has an order of its own in each environment, as by random ids.
    """

    command: str
    keeps: Mapping[str, str] = {}
    is_ordered: bool = True


@dataclass
class Side:
    """Runs commands with the same options each, and remembers what they have made."""

    environment: str
    where: tuple[str, ...]
    variables: Mapping[str, str]
    names: dict[str, str] = field(default_factory=dict)

    def run(self, step: Step) -> Ran:
        arguments = [each.format_map(self.names) for each in shlex.split(step.command)]
        variables = {"GATEPASS_ENVIRONMENT": self.environment, **self.variables}
        ran = run_in_process(*arguments, *self.where, variables=variables)
        if step.keeps:
            assert ran.status == 0, (step.command, ran.err)
            made = json.loads(ran.out)
            for name, path in step.keeps.items():
                found = made
                for part in path.split("."):
                    found = found[int(part) if part.isdigit() else part]
                self.names[name] = str(found)
        return ran


def here(server: Server) -> Side:
    """Return the commands on the data of this machine, in production."""
    return Side("production", ("--data", str(server.data)), {})


def elsewhere(server: Server) -> Side:
    """Return the commands by the Admin API, in the sandbox, as an application of the operator."""
    added = server.run("operator", "add", "olga", "--role", "owner")
    assert added.status == 0, added.err
    scopes = [f"sandbox:{area}:{access}" for area in _AREAS for access in ("read", "write")]
    created = server.run(
        *("application", "create", "--organization", "operator", "--name", "Back office"),
        *("--scope", " ".join(scopes), "--json"),
    )
    assert created.status == 0, created.err
    made = json.loads(created.out)
    variables = {
        "GATEPASS_CLIENT_ID": made["client_id"],
        "GATEPASS_CLIENT_SECRET": made["client_secret"],
    }
    return Side("sandbox", ("--server", server.url()), variables)


def alike(step: Step, ran: Ran) -> Ran:
    """Return what a command did, with what differs between the two sides taken out."""
    return Ran(ran.status, _alike(step, ran.out), _alike(step, ran.err))


def _alike(step: Step, text: str) -> str:
    lines = [each for each in text.splitlines() if _OF_PRODUCTION not in each]
    text = "\n".join(lines)
    for pattern, word in _VARYING.items():
        text = re.sub(pattern, word, text)
    text = re.sub(r"  +", "  ", text)
    return "\n".join(sorted(text.splitlines())) if not step.is_ordered else text
