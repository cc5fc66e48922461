"""node-oidc-provider as a process on loopback."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CLIENT_ID, CLIENT_SECRET = "gatepass", "a-s3cret~of/the+client:with%signs"
_PROGRAM = Path(__file__).parent / "openid_provider.mjs"


@contextmanager
def running(
    node: str,
    redirect_uris: Sequence[str],
    accounts: Mapping[str, Mapping[str, Any]],
    method: str = "client_secret_basic",
) -> Iterator[str]:
    """Run the provider; give its issuer."""
    given = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": list(redirect_uris),
        "accounts": accounts,
        "method": method,
    }
    process = subprocess.Popen(
        [node, str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
        issuer = process.stdout.readline().strip()
        assert issuer
        yield issuer
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()
