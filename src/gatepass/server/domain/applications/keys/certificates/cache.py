"""Certificates of applications in memory, read when a client first authenticates with one."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID, uuid4

from gatepass.concurrency.bounded_cache import BoundedCache
from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.subject import Name
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.keys.certificates.model import ApplicationCertificate

SIZE = 5_000  # clients

Find = Callable[[UUID], list[ApplicationCertificate]]


class CachedCertificate(NamedTuple):
    """A certificate of an application by its thumbprint, or else the subject of one.

    The subject is as it is compared, so that a request does no work for each.
    """

    id_bytes: bytes
    name: str
    thumbprint: str
    subject: Name | None


class CachedCertificates(NamedTuple):
    """What certificates of `application` are recognised by; None: there is no such client."""

    application: CachedApplication | None
    known: tuple[CachedCertificate, ...]


class CertificateCache:
    """Certificates by client id, for as long as the application in memory is the same.

    Each change of an application, its certificates included, replaces it in memory. `find` blocks.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._kept: BoundedCache[str, CachedCertificates] = BoundedCache(SIZE)

    def __len__(self) -> int:
        """Return of how many clients memory has the certificates."""
        return len(self._kept)

    def get(
        self, client_id: str, application: CachedApplication | None
    ) -> CachedCertificates | None:
        """Return what certificates are recognised by, None if it must be loaded."""
        found = self._kept.get(client_id)
        return found if found is not None and found.application is application else None

    def load(self, client_id: str, application: CachedApplication | None) -> None:
        """Read them from the database; for an unknown client the same is asked."""
        found = self._find(application.id if application else uuid4())
        cached = tuple(_cached(each) for each in found)
        self._kept.put(client_id, CachedCertificates(application, cached))


def _cached(each: ApplicationCertificate) -> CachedCertificate:
    if isinstance(each.expected, Certificate):
        return CachedCertificate(each.id.bytes, each.name, each.expected.thumbprint, None)
    return CachedCertificate(each.id.bytes, each.name, "", each.expected.name())
