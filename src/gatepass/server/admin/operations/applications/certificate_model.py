"""What operations on the certificates of applications take and return."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from gatepass.jose.x509.certificate import LONGEST_TEXT, Certificate
from gatepass.jose.x509.subject import LONGEST_VALUE, Member, distinguished_name
from gatepass.server.admin.operations.applications.model import OneApplication
from gatepass.server.admin.operations.model import Line, Result
from gatepass.server.domain.applications.keys.certificates.model import (
    ApplicationCertificate as Stored,
)


class ApplicationCertificate(Result):
    """A certificate of an application, or the subject that one must name.

    Of a certificate, `thumbprint` is `x5t#S256` and `value` its distinguished name. Of a subject,
    `member` is what must have the `value`, and `expires_at` is the end of the certificate that was
    used and was issued last; null before the first one.
    """

    id: UUID
    name: str
    method: Literal["tls_client_auth", "self_signed_tls_client_auth"]
    certificate: str | None
    thumbprint: str | None
    member: Member | None
    value: str
    created_at: AwareDatetime
    created_by: str
    expires_at: AwareDatetime | None
    is_live: bool
    last_used_at: AwareDatetime | None
    last_used_from: str | None
    last_used_program: str | None

    @classmethod
    def of(cls, found: Stored, now: datetime) -> "ApplicationCertificate":
        """Return the certificate as operators see it."""
        expected = found.expected
        if isinstance(expected, Certificate):
            whole, member, value = expected, None, distinguished_name(expected)
        else:
            whole, (member, value) = None, expected
        return cls(
            id=found.id,
            name=found.name,
            method=found.method,
            certificate=whole and whole.pem(),
            thumbprint=whole and whole.thumbprint,
            member=member,
            value=value,
            created_at=found.created_at,
            created_by=found.created_by,
            expires_at=found.expires_at,
            is_live=found.is_live(now),
            last_used_at=found.last_used_at,
            last_used_from=found.last_used_from,
            last_used_program=found.last_used_agent,
        )


class ApplicationCertificates(Result):
    """The certificates of an application and the subjects of them, the oldest first."""

    client_id: str
    certificates: list[ApplicationCertificate]

    @classmethod
    def all_of(
        cls, client_id: str, certificates: list[Stored], now: datetime
    ) -> "ApplicationCertificates":
        """Return the certificates as operators see them."""
        found = [ApplicationCertificate.of(each, now) for each in certificates]
        return cls(client_id=client_id, certificates=found)


class NewCertificate(OneApplication):
    """A certificate for an application."""

    name: Annotated[Line, Field(description="what people call it")]
    certificate: Annotated[
        str, Field(max_length=LONGEST_TEXT, description="one certificate in PEM, without its key")
    ]


class NewCertificateSubject(OneApplication):
    """The subject that certificates of an application name."""

    name: Annotated[Line, Field(description="what people call it")]
    member: Annotated[Member, Field(description="of the client's metadata (RFC 8705 §2.1.2)")]
    value: Annotated[
        str, Field(max_length=LONGEST_VALUE, description="what the certificate has there")
    ]


class OneCertificate(OneApplication):
    """One certificate of an application, or the subject of one."""

    certificate_id: UUID
