"""For an API's own tests: an issuer in this process that gives good tokens and bad ones.

    with FakeIssuer() as issuer:
        api = create_app(Guard(**issuer.options()))
        token = issuer.mint("read")
        assert call(api, token).status == 200
        assert call(api, issuer.expired()).status == 401

It speaks real HTTP on loopback, so that any face works, in any process; its clock is moved by
the test. `gatepass.guard.testing.pytest_plugin` makes it a fixture of pytest. Nothing of it belongs
in an API in production: code that reaches the issuer's object can create tokens.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.guard.testing.clock import Clock
    from gatepass.guard.testing.issuer import FakeIssuer

_MODULES = {"Clock": "clock", "FakeIssuer": "issuer"}

__all__ = ["Clock", "FakeIssuer"]


def __getattr__(name: str) -> object:
    """Load on first use: pytest imports this package, with the plugin in it, at every start."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
