"""Copies and pickles of sources and adapters: the settings go with them, tokens do not."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from client.adapters.adapters import WAYS, Way
from client.fake_server import CLIENT_ID, SECRET, ScriptedServer
from gatepass.client.cache.file_cache import FileCache
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource, shared_source
from gatepass.client.tokens.transport import Httpx2Sender

Thing = TypeVar("Thing")

Again = Callable[[Thing], Thing]


def pickled(thing: Thing) -> Thing:
    again: Thing = pickle.loads(pickle.dumps(thing))
    return again


@pytest.fixture(params=[copy.copy, copy.deepcopy, pickled], ids=["copy", "deepcopy", "pickle"])
def again(request: pytest.FixtureRequest) -> Again[TokenSource]:
    chosen: Again[TokenSource] = request.param
    return chosen


def test_a_copy_of_a_source_has_its_settings_and_no_token(
    server: ScriptedServer, settings: ClientSettings, again: Again[TokenSource]
) -> None:
    source = TokenSource(settings, Httpx2Sender(settings.token_url), deadline=7.0)
    source.token()

    other = again(source)

    assert other.settings == settings
    assert other.status().state == "expired"
    assert (other.token().value, source.token().value) == ("pass-2", "pass-1")
    assert len(server.token_requests) == 2


def test_no_token_is_in_a_pickle(settings: ClientSettings) -> None:
    source = TokenSource(settings)
    token = source.token().value

    assert token.encode() not in pickle.dumps(source)


def test_a_copy_of_a_source_with_a_cache_shares_its_token(
    server: ScriptedServer, settings: ClientSettings, tmp_path: Path, again: Again[TokenSource]
) -> None:
    source = TokenSource(settings, cache=FileCache(tmp_path / "tokens"))
    source.token()

    assert again(source).token().value == "pass-1"
    assert len(server.token_requests) == 1


def test_what_a_process_shares_stays_shared_in_whoever_reads_it(
    settings: ClientSettings, again: Again[TokenSource]
) -> None:
    source = shared_source(settings)

    assert again(source) is source


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_an_adapter_can_be_sent_to_another_process(server: ScriptedServer, way: Way) -> None:
    auth = way.auth(token_url=server.token_url, client_id=CLIENT_ID, client_secret=SECRET)

    assert way(pickled(auth), server.api_url).number == "1"
    assert way(copy.deepcopy(auth), server.api_url).number == "1"
