"""Checkpoints that a verification compares the chain with: kept ones, and those from outside."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gatepass.server.domain.audit.chain import checkpoint
from gatepass.server.domain.audit.chain.checkpoint import Checkpoint, CheckpointError, Statement


class Trust(NamedTuple):
    """Whose checkpoints count: those of this issuer and environment, signed by these keys."""

    issuer: str
    environment: str
    kids: Collection[str]


@dataclass(frozen=True, slots=True)
class Anchors:
    """Statements by number; `wrong` says of which numbers something does not fit, and what.

    Those from outside are compared as they are: whoever gives them says that they are right.
    """

    kept: Mapping[int, Statement]
    outside: Mapping[int, frozenset[bytes]] = field(default_factory=dict)
    wrong: tuple[tuple[int, str], ...] = ()

    def at(self, number: int) -> Iterator[tuple[str, bytes]]:
        """Yield the digests that the chain has at a number, each with whose it is."""
        if number in self.kept:
            yield "the kept checkpoint", self.kept[number].digest
        for digest in self.outside.get(number, ()):
            yield "a checkpoint from outside", digest

    def after(self, last: int) -> Iterator[tuple[int, str]]:
        """Yield the highest number after `last` of each kind, with whose it is."""
        for numbers, what in ((self.kept, "a kept checkpoint"), (self.outside, "one from outside")):
            highest = max(numbers, default=-1)
            if highest > last:
                yield highest, what


def gather(kept: Iterable[Checkpoint], outside: Iterable[str], trust: Trust) -> Anchors:
    """Return the checkpoints of a chain, those that are kept verified; see `checkpoint`.

    `outside` are statements. Those of another environment are left out, and those of an issuer
    that neither `trust` nor a kept checkpoint names.
    """
    good: dict[int, Statement] = {}
    wrong: list[tuple[int, str]] = []
    before, newest = "", None
    for each in sorted(kept, key=lambda one: one.number):
        try:
            newest = good[each.number] = checkpoint.verify(each)
        except CheckpointError as error:
            wrong.append((each.number, f"the kept checkpoint {each.number} is wrong: {error}"))
            newest = None
        else:
            wrong += _unlike(newest, before, trust)
        before = each.statement
    if newest is not None and newest.kid not in trust.kids:
        by = f"the newest checkpoint is signed by {newest.kid}, no key of this server"
        wrong.append((newest.number, by))
    issuers = {trust.issuer, *(each.issuer for each in good.values())}
    given: dict[int, frozenset[bytes]] = {}
    for statement in outside:
        said = checkpoint.read(statement)
        if said.environment == trust.environment and said.issuer in issuers:
            given[said.number] = given.get(said.number, frozenset()) | {said.digest}
    return Anchors(good, given, tuple(wrong))


def _unlike(said: Statement, before: str, trust: Trust) -> Iterator[tuple[int, str]]:
    if said.environment != trust.environment:
        yield said.number, f"the kept checkpoint {said.number} is of {said.environment}"
    if before and said.before != checkpoint.digest_of(before):
        yield said.number, f"the checkpoint before {said.number} is another one, or missing"
