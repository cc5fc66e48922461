"""Keys that a client signs with in place of a secret (`private_key_jwt`), and for DPoP.

A key is read from text (PEM or JWK: `key_text`), which needs the extra `gatepass[keys]`, or is a
function of yours that signs elsewhere:

    from gatepass.client.keys import SigningKey, from_der

    key = SigningKey(lambda message: from_der(our_hsm.sign(message), "ES256"), "ES256", "our-key")

A client with a secret loads nothing of this.
"""

from typing import TYPE_CHECKING

from gatepass.lazy_names import lazy_names

if TYPE_CHECKING:
    from gatepass.client.keys.signing_key import SigningKey as SigningKey
    from gatepass.client.keys.signing_key import from_der as from_der

_MODULES = {"SigningKey": ".signing_key", "from_der": ".signing_key"}

__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)
