"""What the same bytes were granted: recalled only where it would be granted again."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.grant import Grant
from gatepass.server.tokens.grant_cache import MOST, CachedGrant, GrantCache, key_of
from server.tokens.samples import APPLICATION, FORM, JSON, NOW, arrived

HERE = "192.0.2.7"
GRANTED = CachedGrant(
    AuthenticatedClient(APPLICATION, APPLICATION.secrets[0]),
    Grant(APPLICATION, APPLICATION.scope, (), 36000, "sealed"),
)


class Known:
    """A directory on a dictionary instead of a database."""

    def __init__(self, *applications: Application) -> None:
        self.stored = {each.client_id: each for each in applications}
        self.directory = ApplicationCache(lambda key: self.stored.get(str(key)))
        for each in applications:
            self.directory.load(each.client_id)


def test_a_grant_is_recalled_while_its_application_is_unchanged() -> None:
    memory: GrantCache[CachedGrant] = GrantCache(Known(APPLICATION).directory)
    memory.keep(b"key", GRANTED)

    assert memory.recall(b"key", HERE, NOW) is GRANTED
    assert memory.recall(b"other", HERE, NOW) is None


def test_a_grant_is_forgotten_when_its_application_has_changed() -> None:
    known = Known(APPLICATION)
    memory: GrantCache[CachedGrant] = GrantCache(known.directory)
    memory.keep(b"key", GRANTED)
    known.stored[APPLICATION.client_id] = replace(APPLICATION, name="Renamed")
    known.directory.drop(APPLICATION.id)

    assert memory.recall(b"key", HERE, NOW) is None
    known.directory.load(APPLICATION.client_id)
    assert memory.recall(b"key", HERE, NOW) is None


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_a_grant_ends_with_the_secret_that_it_was_given_for() -> None:
    end = datetime.fromtimestamp(NOW + 1, UTC)
    secret = replace(APPLICATION.secrets[0], expires_at=end)
    memory: GrantCache[CachedGrant] = GrantCache(Known(APPLICATION).directory)
    memory.keep(b"key", GRANTED._replace(client=AuthenticatedClient(APPLICATION, secret)))

    assert memory.recall(b"key", HERE, NOW + 0.999) is not None
    assert memory.recall(b"key", HERE, NOW + 1) is None


def test_a_grant_is_recalled_only_in_the_networks_of_its_application() -> None:
    bound = replace(APPLICATION, networks=check_networks("198.51.100.0/24"))
    memory: GrantCache[CachedGrant] = GrantCache(Known(bound).directory)
    memory.keep(b"key", GRANTED._replace(client=AuthenticatedClient(bound, bound.secrets[0])))

    assert memory.recall(b"key", "198.51.100.9", NOW) is not None
    assert memory.recall(b"key", HERE, NOW) is None


def test_memory_is_bounded() -> None:
    memory: GrantCache[CachedGrant] = GrantCache(Known(APPLICATION).directory)
    for number in range(MOST + 1):
        memory.keep(b"%d" % number, GRANTED)

    assert memory.recall(b"0", HERE, NOW) is None
    assert memory.recall(b"%d" % MOST, HERE, NOW) is GRANTED


def test_requests_have_the_same_key_only_if_all_that_is_read_of_them_is_the_same() -> None:
    parts = (b"", b"-", b"a", b"-a", b"a-", b"1 1 1 ")
    kinds = (None, b"", b"-", FORM, JSON)
    asked = [
        arrived(body, content_type, query, authorization)
        for body, content_type, query, authorization in product(parts, kinds, parts, (None, *parts))
    ]

    assert len({key_of(each) for each in asked}) == len(asked)


def test_headers_that_nobody_reads_do_not_change_the_key() -> None:
    plain = arrived(b"grant_type=client_credentials")
    with_more = plain._replace(headers={**plain.headers, b"traceparent": b"00-1-2-01"})

    assert key_of(plain) == key_of(with_more)
    assert key_of(plain._replace(source="192.0.2.8")) == key_of(plain)
