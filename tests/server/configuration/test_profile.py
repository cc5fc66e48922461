"""A security profile that nobody could meet is refused at the start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from server.fixtures import settings

FROM_PROXY = {
    "proxy_certificates": {"header": "X-Client-Cert"},
    "trusted_proxies": ("10.0.0.1",),
}


@pytest.mark.parametrize("environment", ["production", "sandbox"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"private_key_jwt": False}, "accepts no secrets"),
        ({"dpop": False}, "only tokens that are bound"),
        ({"algorithm": "RS256"}, "cannot be RS256"),
    ],
)
def test_a_profile_that_no_client_could_meet_is_refused(
    tmp_path: Path, environment: str, given: dict[str, object], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(tmp_path, **{environment: {"profile": "fapi2", **given}})


@pytest.mark.parametrize("given", [{"private_key_jwt": False}, {"dpop": False}])
def test_certificates_take_the_place_of_keys(tmp_path: Path, given: dict[str, object]) -> None:
    made = settings(tmp_path, production={"profile": "fapi2", **given}, **FROM_PROXY)

    assert made.production.profile == "fapi2"
