"""Why a certificate cannot be used. Pure."""

from typing import Literal

Fault = Literal[
    "malformed",  # it is no certificate, or not one alone
    "private",  # there is a private key in it
    "long",  # it is longer than a certificate of a client is
]


class UnusableCertificateError(ValueError):
    """A certificate that is not accepted; the text names the reason and never quotes it."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault: Fault = fault
