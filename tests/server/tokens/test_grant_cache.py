"""A grant is cached for the same bytes, and returned only where it would be granted again."""

from dataclasses import replace
from itertools import product

import pytest

from gatepass.server.domain.applications.cache import ApplicationCache
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.http import ClientCertificate
from gatepass.server.tokens.authenticate import AuthenticatedClient
from gatepass.server.tokens.grant import Grant
from gatepass.server.tokens.grant_cache import SIZE, CachedGrant, GrantCache, digest_of
from server.tokens.samples import APPLICATION, CACHED, FORM, JSON, NOW, make_request

HERE = "192.0.2.7"
GRANTED = CachedGrant(
    AuthenticatedClient(CACHED, CACHED.secrets[0]),
    Grant(CACHED.scope, (), 36000, "opaque"),
)


class Known:
    """An application cache on a dictionary instead of a database."""

    def __init__(self, *applications: CachedApplication) -> None:
        self.stored = {each.client_id: each for each in applications}
        self.directory = ApplicationCache(
            lambda keys: {key: self.stored[str(key)] for key in keys}, lambda _: None, 2**20
        )
        for each in applications:
            self.directory.load(each.client_id)


def test_a_grant_is_returned_while_its_application_is_unchanged() -> None:
    cache: GrantCache[CachedGrant] = GrantCache(Known(CACHED).directory)
    cache.put(b"key", GRANTED)

    assert cache.get(b"key", HERE, NOW) is GRANTED
    assert cache.get(b"other", HERE, NOW) is None


def test_a_grant_is_evicted_when_its_application_has_changed() -> None:
    known = Known(CACHED)
    cache: GrantCache[CachedGrant] = GrantCache(known.directory)
    cache.put(b"key", GRANTED)
    renamed = CachedApplication.of(replace(APPLICATION, name="Renamed"))
    known.stored[CACHED.client_id] = renamed
    known.directory.drop(CACHED.id)

    assert cache.get(b"key", HERE, NOW) is None
    known.directory.load(CACHED.client_id)
    assert cache.get(b"key", HERE, NOW) is None


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_a_grant_ends_with_the_secret_that_it_was_given_for() -> None:
    secret = CACHED.secrets[0]._replace(expires_ms=(NOW + 1) * 1000)
    cache: GrantCache[CachedGrant] = GrantCache(Known(CACHED).directory)
    cache.put(b"key", GRANTED._replace(client=AuthenticatedClient(CACHED, secret)))

    assert cache.get(b"key", HERE, NOW + 0.999) is not None
    assert cache.get(b"key", HERE, NOW + 1) is None


def test_a_grant_is_returned_only_in_the_networks_of_its_application() -> None:
    bound = replace(CACHED, networks=check_networks("198.51.100.0/24"))
    cache: GrantCache[CachedGrant] = GrantCache(Known(bound).directory)
    cache.put(b"key", GRANTED._replace(client=AuthenticatedClient(bound, bound.secrets[0])))

    assert cache.get(b"key", "198.51.100.9", NOW) is not None
    assert cache.get(b"key", HERE, NOW) is None


def test_the_cache_is_bounded_and_evicts_the_oldest_grant() -> None:
    cache: GrantCache[CachedGrant] = GrantCache(Known(CACHED).directory)
    for number in range(SIZE + 1):
        cache.put(b"%d" % number, GRANTED)

    assert cache.get(b"0", HERE, NOW) is None
    assert cache.get(b"1", HERE, NOW) is GRANTED
    assert cache.get(b"%d" % SIZE, HERE, NOW) is GRANTED


def test_requests_have_the_same_digest_only_if_all_that_is_parsed_is_the_same() -> None:
    parts = (b"", b"-", b"a", b"-a", b"a-", b"1 1 1 ")
    kinds = (None, b"", b"-", FORM, JSON)
    requests = [
        make_request(body, content_type, query, authorization)
        for body, content_type, query, authorization in product(parts, kinds, parts, (None, *parts))
    ]

    assert len({digest_of(each) for each in requests}) == len(requests)


def test_headers_that_are_not_parsed_do_not_change_the_digest() -> None:
    plain = make_request(b"grant_type=client_credentials")
    with_more = plain._replace(headers={**plain.headers, b"traceparent": b"00-1-2-01"})

    assert digest_of(plain) == digest_of(with_more)
    assert digest_of(plain._replace(source="192.0.2.8")) == digest_of(plain)


def test_requests_with_different_certificates_have_different_digests() -> None:
    plain = make_request(b"grant_type=client_credentials")
    shown = [
        None,
        ClientCertificate(b"one", is_validated=True),
        ClientCertificate(b"one", is_validated=False),
        ClientCertificate(b"other", is_validated=True),
    ]

    assert len({digest_of(plain._replace(certificate=each)) for each in shown}) == len(shown)
