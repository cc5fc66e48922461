"""Checkpoints: signed statements that the chain had a digest at a number, at a time. Pure.

A statement is a JWS of the key that signs access tokens, with a type of its own, and has the
digest of the statement before it. So the newest one, whose key is still in use, also proves those
whose keys were deleted since: each comes with its public key, of which its `kid` is the thumbprint.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from gatepass.jose import base64url, jws, strict_json
from gatepass.jose.jwks import KeySet
from gatepass.jose.signing import SigningKey
from gatepass.jose.thumbprint import thumbprint
from gatepass.server.domain.audit.chain.model import Link
from gatepass.wire.errors import OAuthError

TYPE = "audit-checkpoint+jwt"

_JWS = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint as it is kept: the statement (JWS) and the public key (JWK, as JSON)."""

    number: int
    at: datetime
    statement: str
    public_key: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What a checkpoint says: the chain of `issuer` had `digest` at link `number`, at `at`.

    `before` is the digest of the statement before it, empty in the first one.
    """

    issuer: str
    environment: str
    number: int
    audit_id: int
    digest: bytes
    at: datetime
    before: str
    kid: str


class CheckpointError(Exception):
    """A checkpoint that proves nothing; the message says why, in one line."""


def make(
    key: SigningKey, issuer: str, environment: str, link: Link, now: datetime, before: str
) -> Checkpoint:
    """Return the checkpoint of a link; `before` is the text of the statement before it, or ''."""
    said = {
        "iss": issuer,
        "environment": environment,
        "number": link.number,
        "entry": link.audit_id,
        "digest": base64url.encode(link.digest),
        "iat": int(now.timestamp()),
        "previous": digest_of(before) if before else "",
    }
    payload = json.dumps(said, separators=(",", ":")).encode()
    public = json.dumps(key.public_jwk(), separators=(",", ":"))
    return Checkpoint(link.number, now, key.sign(payload, TYPE), public)


def digest_of(statement: str) -> str:
    """Return the digest by which the next statement names this one."""
    return base64url.encode(sha256(statement.encode()).digest())


def verify(checkpoint: Checkpoint) -> Statement:
    """Return what a checkpoint says; raise CheckpointError where its own key did not sign it.

    Does NOT check who had that key: see the `kid`, and the statement after it.
    """
    try:
        jwk = strict_json.read_object(checkpoint.public_key.encode())
        keys = KeySet.parse({"keys": [jwk]})
        header, _ = jws.verify(checkpoint.statement, keys)
        said = read(checkpoint.statement)
        if header.kid != thumbprint(jwk):
            raise CheckpointError("the public key that is kept with it is another one")
    except OAuthError as error:
        raise CheckpointError(error.log_detail) from None
    except ValueError as error:
        raise CheckpointError(str(error)) from None
    if said.number != checkpoint.number:
        raise CheckpointError(f"it is about link {said.number}")
    return said


def read(statement: str) -> Statement:
    """Return what a statement says, whoever signed it; raise CheckpointError for another text."""
    try:
        header = jws.read_header(statement)
        said = strict_json.read_object(base64url.decode(statement.split(".")[1]))
        if header.typ != TYPE:
            raise CheckpointError("it is not a checkpoint of an audit trail")
        return Statement(
            issuer=_text(said, "iss"),
            environment=_text(said, "environment"),
            number=_number(said, "number"),
            audit_id=_number(said, "entry"),
            digest=base64url.decode(_text(said, "digest")),
            at=datetime.fromtimestamp(_number(said, "iat"), UTC),
            before=_text(said, "previous"),
            kid=header.kid,
        )
    except (OAuthError, ValueError, IndexError, OverflowError, OSError) as error:
        raise CheckpointError("it is not a checkpoint of an audit trail") from error


def found_in(lines: Iterable[str]) -> Iterable[str]:
    """Yield the statements in lines of text, such as those of a log."""
    for line in lines:
        for text in _JWS.findall(line):
            try:
                read(text)
            except CheckpointError:
                continue
            yield text


def _text(said: dict[str, object], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def _number(said: dict[str, object], name: str) -> int:
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is not a number")
    return value
