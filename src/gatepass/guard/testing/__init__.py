"""For an API's own tests: an issuer in this process that gives good tokens and bad ones.

    with FakeIssuer() as issuer:
        api = create_app(Guard(**issuer.options()))
        token = issuer.mint("read")
        assert call(api, token).status == 200
        assert call(api, issuer.expired()).status == 401

It speaks real HTTP on loopback, so that any adapter works, in any process; its clock is moved by
the test. `gatepass.guard.testing.pytest_plugin` makes it a fixture of pytest. Nothing of it belongs
in an API in production: code that reaches the issuer's object can create tokens.
"""

from typing import TYPE_CHECKING

from gatepass.lazy_names import lazy_names

if TYPE_CHECKING:
    from gatepass.guard.testing.certificate import ClientCertificate as ClientCertificate
    from gatepass.guard.testing.clock import Clock as Clock
    from gatepass.guard.testing.dpop import DPoPKey as DPoPKey
    from gatepass.guard.testing.issuer import FakeIssuer as FakeIssuer

_MODULES = {
    "ClientCertificate": ".certificate",
    "Clock": ".clock",
    "DPoPKey": ".dpop",
    "FakeIssuer": ".issuer",
}

__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)  # pytest imports this package at every start
