"""A program: many processes want a token at once. Prints a JSON list of what each one got.

    python crowd_of_processes.py TOKEN_URL DIRECTORY COUNT

The processes are forked from one that has loaded everything, because loading it so many times
would take longer than what is to be seen; each makes its own FileCache and its own key.
"""

import json
import os
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import filelock  # noqa: F401 - so that it is loaded before the first fork

from gatepass.client import clock
from gatepass.client.cache import FileCache
from gatepass.client.held import HeldToken
from gatepass.wire.secret import Secret
from gatepass.wire.token import TokenResponse


def ask(token_url: str) -> HeldToken:
    asked_at = clock.now()
    connection = HTTPConnection(urlsplit(token_url).netloc, timeout=30)
    connection.request("POST", urlsplit(token_url).path, "grant_type=client_credentials")
    return HeldToken.of(TokenResponse.parse(connection.getresponse().read()), asked_at, 0.5)


def want(token_url: str, directory: Path) -> str:
    """Do what a token source does with an entry."""
    entry = FileCache(directory).entry([token_url, "client", "read"], [Secret("s+e c%r/e=t&x~")])
    found = entry.read()
    if found is not None:
        return f"found {found.value}"
    try:
        entry.lock(60)
        found = entry.read()
        if found is None:
            found = ask(token_url)
            entry.write(found)
            return f"asked {found.value}"
        return f"waited {found.value}"
    finally:
        entry.unlock()


def main(token_url: str, directory: str, count: str) -> None:
    starter, start = os.pipe()
    results, result = os.pipe()
    for _ in range(int(count)):
        if os.fork() == 0:
            os.close(start)
            os.read(starter, 1)  # ends when the parent closes its end: all at once
            os.write(result, f"{want(token_url, Path(directory))}\n".encode())
            os._exit(0)
    os.close(result)
    os.close(start)
    with os.fdopen(results) as stream:
        json.dump(stream.read().splitlines(), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
