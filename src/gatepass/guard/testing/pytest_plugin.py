"""The fixture `fake_issuer`, known to pytest wherever `gatepass[guard]` is installed.

pytest reads this at every start, so nothing but pytest is imported until a test asks for it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gatepass.guard.testing import FakeIssuer


@pytest.fixture
def fake_issuer() -> "Iterator[FakeIssuer]":
    """Return an issuer whose tokens an API under test takes; see `gatepass.guard.testing`.

    Each test has its own, with its own keys. For one of a longer life use `FakeIssuer` in a
    fixture of yours.
    """
    from gatepass.guard.testing import FakeIssuer

    with FakeIssuer() as issuer:
        yield issuer
