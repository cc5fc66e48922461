"""The reference pages say what the code says."""

import importlib.util
from pathlib import Path

import pytest

from gatepass.server.settings import Settings

GENERATOR = Path(__file__).parents[2] / "docs" / "generate.py"
specification = importlib.util.spec_from_file_location("generate", GENERATOR)
assert specification is not None
assert specification.loader is not None
generate = importlib.util.module_from_spec(specification)
specification.loader.exec_module(generate)


def test_the_page_about_settings_is_what_the_generator_writes() -> None:
    assert generate.SETTINGS_PAGE.read_text() == generate.settings_page()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description
