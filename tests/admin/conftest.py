import pytest

from admin.fake_api import FakeApi


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()
