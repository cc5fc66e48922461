"""One endpoint that does nothing, with the guard and without: uvicorn serves `app`."""

import os
from typing import Annotated

from fastapi import FastAPI

from bench.minted import API, ISSUER
from gatepass.guard.fastapi import Guard, Principal

guard = Guard(ISSUER, resource=API, jwks_uri=os.environ["BENCH_JWKS_URI"])
app = FastAPI()


@app.get("/open")
async def everyone() -> dict[str, str]:
    """Answer everyone."""
    return {"status": "ok"}


@app.get("/guarded")
async def partners(_caller: Annotated[Principal, guard.requires("read")]) -> dict[str, str]:
    """Answer who has the scope."""
    return {"status": "ok"}
