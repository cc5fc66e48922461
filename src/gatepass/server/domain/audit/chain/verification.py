"""Verifies the chain: what is wrong, by the number of the entry; reads some at a time."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Literal, NamedTuple

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain import model, store
from gatepass.server.domain.audit.chain.anchors import Anchors
from gatepass.server.domain.audit.model import ERASURE, KEPT
from gatepass.server.storage.database import Database

_AT_ONCE = 1000  # entries in memory, and in one transaction
_MOST_FINDINGS = 1000  # that are kept; all are counted
_MOST_SWAPS = 50  # changed entries of a page that are compared with each other

_UNLINKED = "it has no link; a server of the version before writes such, until the next entry"

Kind = Literal["changed", "missing", "reordered", "added", "checkpoint"]


class Finding(NamedTuple):
    """Something that is wrong with an entry; `number` is its own.

    Of a checkpoint, and where links are missing, it is the number of the link.
    """

    kind: Kind
    number: int
    what: str


@dataclass(slots=True)
class Report:
    """What a verification found. `first` and `last` are the numbers of links.

    `not_covered` counts the entries from before the chain.
    """

    first: int = 0
    last: int = 0
    entries: int = 0
    erased: int = 0
    not_covered: int = 0
    checkpoints: int = 0
    outside: int = 0
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[Kind] = field(default_factory=Counter)

    @property
    def is_whole(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.counts

    def add(self, kind: Kind, number: int, what: str) -> None:
        """Add a finding."""
        self.counts[kind] += 1
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(kind, number, what))


class Part(NamedTuple):
    """What a part of a verification found, and the link after which the next one begins."""

    report: Report
    next: int | None


def verify(
    database: Database,
    anchors: Anchors,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Verify the whole chain with its checkpoints, and with those from outside in `anchors`.

    `progress` gets how many links were read, and how many there are. Raises DatabaseAwayError.
    """
    return verify_part(database, anchors, now, progress=progress).report


def verify_part(
    database: Database,
    anchors: Anchors,
    now: datetime,
    *,
    after: int | None = None,
    limit: float = inf,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Part:
    """Verify about `limit` links, from the first one on or those after the link `after`.

    Where all parts are whole, so is the chain: what is about all of it is verified with the first
    and the last one. If the link `after` was deleted by retention meanwhile, this begins again.
    """
    report = Report(checkpoints=len(anchors.kept), outside=len(anchors.outside))
    with database.read() as connection:
        first, last = store.first(connection), store.last(connection)
        before = None if after is None else store.find(connection, after)
    walk = _Walk(database, report, anchors)
    if before is None:
        for number, what in anchors.wrong:
            report.add("checkpoint", number, what)
    if before is not None:
        walk.resume(before)
    elif first is not None:
        _check_beginning(database, report, anchors, first, now)
        walk.begin(first)
    start, end = walk.number + 1, last.number if last else 0
    report.first = first.number if first is not None and before is None else start
    while last is not None and (links := walk.next_page(start + limit - 1)):
        progress(walk.number - report.first, max(end, walk.number) - report.first)
        walk.check(links)
        if walk.number >= start + limit - 1:
            return Part(_ended(database, report, walk), walk.number)
    _check_ends(report, anchors, walk.number if last else None)
    walk.check_unlinked(None)
    with database.read() as connection:
        _check_erasures(database, report, store.erasures(connection))
    return Part(_ended(database, report, walk), None)


def _ended(database: Database, report: Report, walk: "_Walk") -> Report:
    report.last = max(walk.number, 0)
    _check_erasures(database, report, walk.not_recorded)
    return report


class _Walk:
    """Goes from link to link, page by page."""

    def __init__(self, database: Database, report: Report, anchors: Anchors) -> None:
        self._database = database
        self._report = report
        self._anchors = anchors
        self._digest: bytes | None = None  # of the link before; None where it is not there
        self._highest = 0  # of the entries so far
        self._linked = 0  # up to which entry those without a link were looked for
        self._entries: Mapping[int, model.Stored] = {}
        self.number = -1
        self.not_recorded: Counter[int] = Counter()  # entries that were erased, by 0

    def begin(self, first: model.Link) -> None:
        """Start at a link that has no entry any more; any other is a link like those after it."""
        self._linked = first.audit_id if first.number == 0 else 0
        if first.number == 0 or not first.field_digests:
            self._pass(first)
        else:
            self.number = first.number - 1

    def resume(self, before: model.Link) -> None:
        """Go on after a link that was checked."""
        self.number, self._digest = before.number, before.digest
        self._highest = self._linked = before.audit_id

    def next_page(self, until: float) -> list[model.Link]:
        """Read the next links and their entries, about up to a number; none where all were read."""
        limit = max(1, min(_AT_ONCE, until - self.number))
        with self._database.read() as connection:
            links = store.after(connection, self.number, int(limit))
            self._entries = audit.stored(connection, [link.audit_id for link in links])
        return links

    def check_unlinked(self, until: int | None) -> None:
        """Report the entries that have no link, after those that were looked for before."""
        if until is None or until > self._linked:
            with self._database.read() as connection:
                found = audit.unlinked(connection, self._linked, _MOST_FINDINGS, until=until)
            for number in found:
                self._report.add("added", number, _UNLINKED)
            self._linked = max(self._linked, until or 0)

    def check(self, links: Iterable[model.Link]) -> None:
        """Check a page of links with their entries."""
        changed: list[tuple[model.Link, list[str]]] = []
        for link in links:
            if link.number != self.number + 1:
                self._report_missing(link.number)
            if link.audit_id <= self._highest:
                what = f"link {link.number} is of an entry that was linked before or is older"
                self._report.add("reordered", link.audit_id, what)
            wrong = self._wrong(link)
            if wrong:
                changed.append((link, wrong))
            self._pass(link)
        self._report_changed(changed)
        self.check_unlinked(self._highest)

    def _report_missing(self, until: int) -> None:
        since, last = self.number + 1, until - 1
        which = f"link {since}" if since == last else f"links {since} to {last}"
        self._report.add("missing", since, f"{which}, with what was before the next one")
        self._digest = None

    def _wrong(self, link: model.Link) -> list[str]:
        """Return what of an entry or its link is not as it was linked."""
        entry = self._entries.get(link.audit_id)
        if entry is None:
            self._report.add("missing", link.audit_id, f"the entry of link {link.number}")
            return []
        self._report.entries += 1
        wrong = model.wrong_fields(link, entry)
        if self._digest is not None and not model.fits(self._digest, link, entry):
            wrong.append("time, organization, action, result or the link itself")
        if model.erased_fields(link):
            self._report.erased += 1
            if not link.erased_by:
                self.not_recorded[0] += 1
        return wrong

    def _report_changed(self, changed: list[tuple[model.Link, list[str]]]) -> None:
        few = changed[:_MOST_SWAPS]
        for link, wrong in changed:
            other = next((each for each, _ in few if self._has_content_of(link, each)), None)
            if other is not None:
                what = f"it has the content of entry {other.audit_id}"
                self._report.add("reordered", link.audit_id, what)
            else:
                self._report.add("changed", link.audit_id, ", ".join(wrong))

    def _has_content_of(self, link: model.Link, other: model.Link) -> bool:
        entry = self._entries.get(link.audit_id)
        has_all = bool(other.field_digests) and not model.erased_fields(other)
        is_other = link is not other and entry is not None and has_all
        return is_other and entry is not None and not model.wrong_fields(other, entry)

    def _pass(self, link: model.Link) -> None:
        """Compare a link with the checkpoints of its number, and go on from it."""
        for what, digest in self._anchors.at(link.number):
            if digest != link.digest:
                self._report.add("checkpoint", link.number, f"{what} has another digest")
        self.number, self._digest = link.number, link.digest
        self._highest = max(self._highest, link.audit_id)


def _check_beginning(
    database: Database, report: Report, anchors: Anchors, first: model.Link, now: datetime
) -> None:
    """Report where the first link is neither the start nor where retention may have ended."""
    if first.number == 0:
        if not model.begins(first):
            report.add("changed", first.audit_id, "the start of the chain")
        if anchors.kept and anchors.kept[min(anchors.kept)].before:
            report.add("checkpoint", min(anchors.kept), "the checkpoints before it are missing")
        with database.read() as connection:
            report.not_covered = audit.count_up_to(connection, first.audit_id)
        return
    ended = [each.number for each in anchors.kept.values() if each.at < now - KEPT]
    if first.number > max(ended, default=0):
        report.add("missing", first.number, f"the links before link {first.number}")


def _check_ends(report: Report, anchors: Anchors, last: int | None) -> None:
    for number, what in anchors.after(-1 if last is None else last):
        report.add(
            "missing",
            number,
            f"the links up to {number}, of which {what} says that they were there",
        )


def _check_erasures(database: Database, report: Report, found: Mapping[int, int]) -> None:
    """Report erased entries that no entry about an erasure accounts for."""
    numbers = sorted(found)
    for start in range(0, len(numbers), _AT_ONCE):
        with database.read() as connection:
            entries = audit.stored(connection, numbers[start : start + _AT_ONCE])
        for number in numbers[start : start + _AT_ONCE]:
            said = _accounted(entries.get(number))
            if found[number] > said:
                what = f"{found[number]} entries were erased, and the trail accounts for {said}"
                report.add("changed", number, what)


def _accounted(entry: model.Stored | None) -> int:
    """Return how many entries were erased, as the entry about it says."""
    if entry is None or entry.action != ERASURE:
        return 0
    try:
        said = str(json.loads(entry.detail)["entries"])
    except (ValueError, KeyError, TypeError):
        return 0
    return int(said) if said.isascii() and said.isdecimal() else 0
