"""Why a key cannot be used. Pure."""

from typing import Literal

Fault = Literal[
    "malformed",  # it is no JWK, no JWK Set, no PEM; or its members do not make a key
    "private",  # it has a private or symmetric part
    "certificate",  # it is a certificate in PEM
    "kind",  # another type, curve or algorithm than those that are accepted
    "weak",  # an RSA key that is too short, too long or flawed
    "purpose",  # it is not for signatures
    "number",  # too many keys, two of one name, or none
]


class UnusableKeyError(ValueError):
    """A key that is not accepted; the text names the reason and never quotes the key."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault: Fault = fault
