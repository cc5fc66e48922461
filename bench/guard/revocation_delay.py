"""How long a revoked token still passes, in each arrangement of a guard and a server.

`python -m bench.guard.revocation_delay` revokes one JWT after the other at a server with two
workers, and asks each guard without a pause until it refuses. The figure is the time from the
revocation's 200 to the last request that passed.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2

from bench.server import gatepass_server
from bench.server.gatepass_server import Credentials, Server
from gatepass.guard import Credentials as OfGuard
from gatepass.guard import Denied, Feed, Guard, Options, Request
from gatepass.wire.secret import Secret

REVOCATIONS = 100
FEW = 10  # where each takes seconds
SURE = 30  # refusals in a row, after which the token counts as refused by all
PATIENCE = 10.0  # seconds

JWT = {"GATEPASS_PRODUCTION__TOKENS": "jwt"}

Passes = Callable[[str], bool]


def main() -> None:
    with TemporaryDirectory() as folder:
        data = Path(folder, "data")
        partner, guards = gatepass_server.create(data), gatepass_server.guard_credentials(data)
        with gatepass_server.served(data, JWT, workers=2) as server:
            _measure(server, partner, guards)


def _measure(server: Server, partner: Credentials, guards: Credentials) -> None:
    issuer = f"http://localhost:{server.port}"
    own: Options = {
        "client_id": guards.client_id,
        "client_secret": guards.client_secret,
        "offline": False,
    }
    at_once: Options = {**own, "cache_seconds": 0}
    followed = OfGuard(guards.client_id, Secret(guards.client_secret))
    each_anew = httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=0))
    with httpx2.Client(base_url=issuer, auth=(partner.client_id, partner.client_secret)) as api:
        resource = _resource(api)
        with (
            closing(Feed(issuer, followed)) as feed,
            Guard(issuer, resource=resource, revocations=feed) as offline,
            Guard(issuer, **own) as remembering,
            each_anew,
        ):
            feed.ready(PATIENCE)
            print(_row("JWT offline, with the feed", api, _by(offline), REVOCATIONS))
            print(_row("asked about each time", api, _by_new(issuer, at_once), REVOCATIONS))
            print(_row("asked about, remembered 5 s", api, _by(remembering), FEW))
            print(_row("by a gateway", api, _by_gateway(issuer, each_anew), REVOCATIONS))


def _row(name: str, api: httpx2.Client, passes: Passes, times: int) -> str:
    """Revoke so many tokens; give how long each passed."""
    took = [_one(api, passes, number) for number in range(times)]
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return (
        f"{name}, {times} revocations: p50 {cuts[49] * 1000:.0f} ms, "
        f"p99 {cuts[98] * 1000:.0f} ms, most {max(took) * 1000:.0f} ms"
    )


def _one(api: httpx2.Client, passes: Passes, number: int) -> float:
    token = _token(api)
    if not passes(token):
        raise SystemExit("a good token was refused")
    time.sleep(0.013 * (number % 17))  # so that every phase of the server's look is met
    api.post("/oauth2/revoke_token/", data={"token": token}).raise_for_status()
    revoked_at = last = time.monotonic()
    refusals = 0
    while refusals < SURE:
        asked_at = time.monotonic()
        if passes(token):
            last, refusals = asked_at, 0
        else:
            refusals += 1
    return last - revoked_at


def _by(guard: Guard) -> Passes:
    def passes(token: str) -> bool:
        try:
            guard.identify(Request((f"Bearer {token}",)))
        except Denied as denied:
            if denied.error_response.status != 401:
                raise
            return False
        return True

    return passes


def _by_new(issuer: str, options: Options) -> Passes:
    """Ask by a new guard for each token: its connection leads now to this worker, now to that."""
    made: dict[str, Guard] = {}

    def passes(token: str) -> bool:
        if token not in made:
            for guard in made.values():
                guard.close()
            made.clear()
            made[token] = Guard(issuer, **options)
        return _by(made[token])(token)

    return passes


def _by_gateway(issuer: str, client: httpx2.Client) -> Passes:
    """Ask as gateways do; with a new connection each time both workers have their turn."""

    def passes(token: str) -> bool:
        header = {"Authorization": f"Bearer {token}"}
        return client.get(f"{issuer}/oauth2/verify/", headers=header).status_code == 200

    return passes


def _token(api: httpx2.Client) -> str:
    form = {"grant_type": "client_credentials"}
    token: str = api.post("/oauth2/token/", data=form).raise_for_status().json()["access_token"]
    return token


def _resource(api: httpx2.Client) -> str:
    """Return the API that the partner's tokens are for."""
    answer = api.post("/oauth2/introspect/", data={"token": _token(api)}).json()
    audience: str | list[str] = answer["aud"]
    return audience if isinstance(audience, str) else audience[0]


if __name__ == "__main__":
    main()
