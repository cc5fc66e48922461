"""Certificates of applications: listed, added and removed, as subjects that they name are."""

from gatepass.server.admin.operations import examples, partners
from gatepass.server.admin.operations.applications import effects
from gatepass.server.admin.operations.applications.certificate_model import (
    ApplicationCertificates,
    NewCertificate,
    NewCertificateSubject,
    OneCertificate,
)
from gatepass.server.admin.operations.applications.model import AREA, OneApplication
from gatepass.server.admin.operations.model import EITHER, SECURITY, Call, Nothing, Operation
from gatepass.server.domain.applications.keys.certificates import operations

_EXAMPLE = {"client_id": examples.CLIENT_ID}
_PEM = (
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfzCCASagAwIBAgIUCcT9qFa6TOSA/MOl8m00RyjtCl8wCgYIKoZIzj0EAwIw\n"
    "PzELMAkGA1UEBhMCREUxETAPBgNVBAoMCEFjbWUgTHRkMR0wGwYDVQQDDBRiaWxs\n"
    "aW5nLmFjbWUuZXhhbXBsZTAgFw0yNjExMDEwMDAwMDBaGA8yMTI2MTEwMTAwMDAw\n"
    "MFowPzELMAkGA1UEBhMCREUxETAPBgNVBAoMCEFjbWUgTHRkMR0wGwYDVQQDDBRi\n"
    "aWxsaW5nLmFjbWUuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAa0\n"
    "ldBDWpqtWp04G+yljZP65DTJsZh1q9X4MpATkz4oe0n33bVtP8BdshwbF+JkKLR1\n"
    "2zM6OdQQnfeCOdM64cwwCgYIKoZIzj0EAwIDRwAwRAIgbSTZzKTrKz3WPqUj9gDQ\n"
    "fI7E1b1anAy1w35MZVnGDAACIHMMOZFQZN6BsRE82cnPsrNUtaI3lyLzlcpKOjf2\n"
    "mV9F\n"
    "-----END CERTIFICATE-----\n"
)
_CERTIFICATE = {
    "id": examples.CERTIFICATE_ID,
    "name": "Nightly import",
    "method": "self_signed_tls_client_auth",
    "certificate": _PEM,
    "thumbprint": "R7OkEmzDEQfA1mNHLPvpQJXxMVCdEKh5ABowlaXdJTY",
    "member": None,
    "value": "CN=billing.acme.example,O=Acme Ltd,C=DE",
    "created_at": "2026-11-02T08:30:00Z",
    "created_by": "anna",
    "expires_at": "2126-11-01T00:00:00Z",
    "is_live": True,
    "last_used_at": "2026-11-28T23:10:05Z",
    "last_used_from": "203.0.113.7",
    "last_used_program": "python-httpx2/1.0",
}
_SUBJECT = {
    **_CERTIFICATE,
    "name": "Of our authority",
    "method": "tls_client_auth",
    "certificate": None,
    "thumbprint": None,
    "member": "tls_client_auth_san_dns",
    "value": "billing.acme.example",
    "expires_at": None,
}
_CERTIFICATES = {"client_id": examples.CLIENT_ID, "certificates": [_CERTIFICATE]}


def show(call: Call, one: OneApplication) -> ApplicationCertificates:
    """Return the certificates of an application as operators see them."""
    found = partners.application(call, one.client_id)
    certificates = operations.of_application(call.context, found)
    return ApplicationCertificates.all_of(found.client_id, certificates, call.context.now())


def _add(call: Call, new: NewCertificate) -> ApplicationCertificates:
    found = partners.application(call, new.client_id)
    text = new.certificate.encode()
    operations.add(call.context, call.by, found.id, None, name=new.name, text=text)
    return show(call, new)


def _add_subject(call: Call, new: NewCertificateSubject) -> ApplicationCertificates:
    found = partners.application(call, new.client_id)
    operations.add_subject(
        call.context,
        call.by,
        found.id,
        None,
        name=new.name,
        member=new.member,
        value=new.value,
    )
    return show(call, new)


def _remove(call: Call, one: OneCertificate) -> Nothing:
    found = partners.application(call, one.client_id)
    operations.remove(call.context, call.by, found.id, one.certificate_id, None)
    return Nothing()


CERTIFICATES = Operation(
    name="application.certificates",
    area=AREA,
    roles=EITHER,
    method="GET",
    path="/applications/{client_id}/certificates",
    input=OneApplication,
    output=ApplicationCertificates,
    run=show,
    summary="Return the certificates of an application, and the subjects that they name.",
    example=_EXAMPLE,
    answer=_CERTIFICATES,
)
ADD = Operation(
    name="application.add_certificate",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/certificates",
    input=NewCertificate,
    output=ApplicationCertificates,
    run=_add,
    summary="Add a certificate, which is compared whole; secrets and keys keep working.",
    reads=CERTIFICATES,
    status=201,
    example={**_EXAMPLE, "name": "Nightly import", "certificate": _PEM},
    answer=_CERTIFICATES,
)
ADD_SUBJECT = Operation(
    name="application.add_certificate_subject",
    area=AREA,
    roles=SECURITY,
    method="POST",
    path="/applications/{client_id}/certificate-subjects",
    input=NewCertificateSubject,
    output=ApplicationCertificates,
    run=_add_subject,
    summary="Add the subject that a certificate of a trusted authority must name.",
    reads=CERTIFICATES,
    status=201,
    example={
        **_EXAMPLE,
        "name": "Of our authority",
        "member": "tls_client_auth_san_dns",
        "value": "billing.acme.example",
    },
    answer={**_CERTIFICATES, "certificates": [_SUBJECT]},
)
REMOVE = Operation(
    name="application.remove_certificate",
    area=AREA,
    roles=SECURITY,
    method="DELETE",
    path="/applications/{client_id}/certificates/{certificate_id}",
    input=OneCertificate,
    output=Nothing,
    run=_remove,
    summary="Remove a certificate or a subject: it is refused. Tokens stay valid.",
    effect=effects.of_removed_certificate,
    reads=CERTIFICATES,
    example={**_EXAMPLE, "certificate_id": examples.CERTIFICATE_ID},
)

OPERATIONS = (CERTIFICATES, ADD, ADD_SUBJECT, REMOVE)
