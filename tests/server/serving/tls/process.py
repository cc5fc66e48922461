"""The server with its own TLS as a process, and its port for client certificates."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx2

from server.serving.tls.files import CLIENTS, ROOT, settings
from server_process import Server, free_ports


class TlsServer(Server):
    """The server with `--tls-cert` and a port for certificates by `clients`, in PEM."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        clients: bytes = CLIENTS.pem,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        files = settings(folder / "tls")
        self.mtls_port = free_ports()
        self.folder = folder / "tls"
        (self.folder / "clients.pem").write_bytes(clients)
        super().__init__(
            folder / "data",
            *("--tls-cert", str(files.certificate), "--tls-key", str(files.key)),
            *("--mtls-port", str(self.mtls_port), "--client-ca", str(files.client_ca)),
            *arguments,
            variables=variables,
        )
        self._http = self.client()

    def client(self, certificate: Path | None = None) -> httpx2.Client:
        """Return a client that trusts the server's authority, with a certificate or none."""
        context = ssl.create_default_context(cadata=ROOT.pem.decode())
        if certificate:
            context.load_cert_chain(certificate)
        return httpx2.Client(trust_env=False, timeout=60, verify=context)

    def url(self, environment: str = "production") -> str:
        """Return an environment's address, which is its issuer."""
        return super().url(environment).replace("http:", "https:")

    def certificate(self) -> bytes:
        """Return the certificate that a new connection gets, in DER."""
        text = ssl.get_server_certificate(("127.0.0.1", self.port))
        return ssl.PEM_cert_to_DER_cert(text)
