"""Reads settings from `GATEPASS_...` variables: what differs from pydantic-settings' own way.

A list is written with commas or as JSON. The variables that Kubernetes sets for a Service named
gatepass (`GATEPASS_PORT=tcp://10.0.0.1:8000`) are no settings and are ignored.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

PREFIX = "GATEPASS_"
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://\S*")
_IPV6_FIRST = re.compile(r"\[[0-9a-fA-F:.%]+\]")  # a list of hosts may begin with [::1]:8000


class VariableSource(EnvSettingsSource):
    """The variables of the process, without those that name a Kubernetes Service."""

    def __init__(self, settings_class: Any) -> None:  # noqa: ANN401 - the base class's own type
        super().__init__(settings_class)
        ignored = {name.lower() for name in service_variables(os.environ)}
        self.env_vars = {
            name: value for name, value in self.env_vars.items() if name not in ignored
        }

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401
        """Return a table from its JSON; leave a list, and what is no JSON, to the validation."""
        if get_origin(field.annotation) is tuple:
            return value
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def service_variables(environ: Mapping[str, str]) -> list[str]:
    """Return the names of variables that would be a port setting but hold a Service's address."""
    return sorted(
        name
        for name, value in environ.items()
        if name.upper().startswith(PREFIX)
        and name.upper().endswith("PORT")
        and _SERVICE_ADDRESS.fullmatch(value.strip())
    )


def split_list(value: object) -> object:
    """Return the parts of a text: a JSON list, or parts between commas; other values as they are.

    Raises ValueError for a text that is meant as JSON and is not.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    if '"' not in text and not (text.startswith("[") and not _IPV6_FIRST.match(text)):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise ValueError('must be a list: with commas (a,b) or as JSON (["a", "b"])')
    return tuple(found)


Texts = Annotated[tuple[str, ...], BeforeValidator(split_list)]


def variable_of(path: tuple[str | int, ...], environ: Mapping[str, str]) -> str | None:
    """Return the name of the variable that a setting came from; None if from none."""
    names = [str(part) for part in path if isinstance(part, str)]
    known = {name.upper(): name for name in environ}
    for length in range(len(names), 0, -1):
        found = known.get(PREFIX + "__".join(names[:length]).upper())
        if found:
            return found
    return None
