"""Under a new master key, what accounts keep encrypted is encrypted again."""

from dataclasses import replace

from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.single_sign_on import setup
from gatepass.server.storage import master_key
from gatepass.server.storage.master_key import MasterKey
from gatepass.testing import Clock
from server.portal.factors.people import add_app
from server.portal.fixtures import PortalServer
from server.portal.single_sign_on.company import Company

_ENCRYPTED = "SELECT secret FROM single_sign_on", "SELECT encrypted FROM authenticator_app"


def _stored(portal: PortalServer) -> list[bytes]:
    return [bytes(value) for query in _ENCRYPTED for (value,) in portal.rows(query)]


def test_the_providers_secret_and_the_apps_are_under_the_new_key_alone(
    company: Company, clock: Clock
) -> None:
    portal = company.portal
    add_app(portal.as_("sven"), clock)
    [earlier] = master_key.parse(portal.environment.context.master_key.text(), "the test's key")
    both = MasterKey(master_key.generate(), earlier)
    rotating = replace(portal.environment.context, master_key=both)
    before = _stored(portal)

    setup.encrypt_again(rotating)
    factors.encrypt_again(rotating)

    after = _stored(portal)
    assert len(after) == 2
    assert set(after).isdisjoint(before)
    setup.encrypt_again(rotating)
    factors.encrypt_again(rotating)
    assert _stored(portal) == after  # all of it is under the first key
