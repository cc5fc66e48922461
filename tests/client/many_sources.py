"""A program: many processes want a token at once, each from a token source of its own.

    python crowd_of_sources.py TOKEN_URL CLIENT_ID CLIENT_SECRET DIRECTORY COUNT

Prints a JSON list of the tokens. The processes are forked from one that has loaded everything,
because loading it so many times would take longer than what is to be seen.
"""

import json
import os
import sys
from pathlib import Path

from gatepass.client.cache.file_cache import FileCache
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.transport import Httpx2Sender


def main(token_url: str, client_id: str, client_secret: str, folder: str, count: str) -> None:
    settings = ClientSettings(token_url, client_id, client_secret)
    sender = Httpx2Sender(token_url)
    starter, start = os.pipe()
    results, result = os.pipe()
    for _ in range(int(count)):
        if os.fork() == 0:
            os.close(start)
            os.read(starter, 1)  # ends when the parent closes its end: all at once
            source = TokenSource(settings, sender, cache=FileCache(Path(folder)))
            os.write(result, f"{source.token().value}\n".encode())
            os._exit(0)
    os.close(result)
    os.close(start)
    with os.fdopen(results) as stream:
        json.dump(stream.read().splitlines(), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
