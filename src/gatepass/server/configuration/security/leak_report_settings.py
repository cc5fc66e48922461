"""The settings of reports of leaked credentials."""

from urllib.parse import urlsplit

from pydantic import field_validator

from gatepass.server.configuration.section import Section
from gatepass.wire.urls import is_loopback


class LeakReportSettings(Section):
    """Who reports leaked credentials beside everybody."""

    github_keys_url: str = ""
    """Where GitHub publishes the keys that sign the alerts of its secret scanning:
    https://api.github.com/meta/public_keys/secret_scanning. Empty: no alerts are taken."""

    @field_validator("github_keys_url")
    @classmethod
    def _address_is_https(cls, url: str) -> str:
        parts = urlsplit(url)
        is_local = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if url and not (parts.hostname and (parts.scheme == "https" or is_local)):
            raise ValueError(f"must be an https address, not {url!r}")
        return url
