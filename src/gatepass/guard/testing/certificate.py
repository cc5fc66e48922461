"""A client's certificate, for tokens that are bound to one (RFC 8705 §3)."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gatepass.jose.x509.certificate import Certificate
from gatepass.jose.x509.headers import Form

_YEAR = timedelta(days=365)


class ClientCertificate:
    """A self-signed certificate and its key, made for this object: `pem` and `key_pem`.

    `cnf` is the claim of a token that is bound to it: `issuer.mint("read", cnf=made.cnf)`.
    """

    def __init__(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _YEAR)
            .not_valid_after(now + _YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, SHA256())
        )
        self.der = made.public_bytes(Encoding.DER)
        self.pem = made.public_bytes(Encoding.PEM).decode()
        self.key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self.cnf = {"x5t#S256": Certificate.from_der(self.der).thumbprint}

    def header(self, form: Form = "pem") -> str:
        """Return the header by which a proxy passes it on; see `guard.ClientCertificates`."""
        der = b64encode(self.der).decode()
        values = {"pem": quote(self.pem, safe=""), "der": der, "rfc9440": f":{der}:"}
        return values.get(form, f'Cert="{quote(self.pem, safe="")}"')
