"""Request bodies: JSON of bounded size, no duplicate names, no unknown fields."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from gatepass.jose import strict_json
from gatepass.server.partner_api.errors import Problem, of_fields
from gatepass.wire.params import LONGEST_BODY

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

Model = TypeVar("Model", bound=BaseModel)


def of(model: type[Model], *media_types: str) -> Callable[[Request], Coroutine[Any, Any, Model]]:
    """Return the dependency that parses a body as `model`.

    It replaces FastAPI's own body parameter, so that nothing is read before the guard has
    admitted the caller, and at most 64 KiB afterwards.
    """

    async def read(request: Request) -> Model:
        check_media_type(request, media_types)
        sent = parse(await bounded(request))
        try:
            return model.model_validate(sent)
        except ValidationError as error:
            raise of_fields(
                error.errors(include_url=False, include_input=False, include_context=False)
            ) from None

    return read


def described(name: str, *media_types: str) -> dict[str, Any]:
    """Return the OpenAPI description of a body with the schema `name`."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    content = {media_type: {"schema": schema} for media_type in media_types}
    return {"requestBody": {"required": True, "content": content}}


def check_media_type(request: Request, accepted: tuple[str, ...]) -> None:
    """Raise Problem (415) for a body of another type, or a compressed one."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if given not in accepted or encoding != "identity":
        name = "Accept-Patch" if request.method == "PATCH" else "Accept"
        say = f"Send {' or '.join(accepted)}, uncompressed."
        raise Problem(415, say, headers={name: ", ".join(accepted)})


async def bounded(request: Request) -> bytes:
    """Return the body; raise Problem where it is over 64 KiB (413) or was cut off (400)."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > LONGEST_BODY:
        raise _too_large()
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST_BODY:
                raise _too_large()
    except ClientDisconnect:
        raise Problem(400, "The body is not complete.") from None
    return body


def parse(body: bytes) -> dict[str, object]:
    """Return the JSON object in a body; raise Problem for anything else."""
    try:
        sent = strict_json.read(body)
    except ValueError:
        raise Problem(400, "The body is not valid JSON with each name once.") from None
    if not isinstance(sent, dict):
        raise Problem(422, "The body is not a JSON object.")
    return sent


def _too_large() -> Problem:
    return Problem(413, f"The body is over {LONGEST_BODY // 1024} KiB.")
