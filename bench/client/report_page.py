"""What the measured clients did, as tables of Markdown: pure, from figures that are given."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

from bench.client.failure_scenarios import BURST, DOWN_FOR, FEW, IN_TURN, MANY, Day
from bench.client.import_time import Imported
from bench.peers.client.subjects import Subject
from bench.report import Row

MOST_OVERHEAD = 5.0  # microseconds
MOST_IMPORT = 1.15  # of the HTTP library
_LINE = 100


class Client(NamedTuple):
    """What was measured of one subject: microseconds a call, and its days, round by round."""

    subject: Subject
    overheads: Sequence[float]
    days: Sequence[Mapping[str, Day]]

    def span(self, day: str, read: Callable[[Day], float], form: str = ",.0f") -> str:
        """Return a figure of a day: one number, or the least and the most of the rounds."""
        values = [read(each[day]) for each in self.days]
        least, most = format(min(values), form), format(max(values), form)
        return least if least == most else f"{least} to {most}"

    def most(self, day: str, read: Callable[[Day], float]) -> float:
        """Return the worst of the rounds."""
        return max(read(each[day]) for each in self.days)

    def kinds(self, day: str) -> str:
        """Name the errors of a day in all rounds."""
        ended: Counter[str] = Counter()
        for each in self.days:
            ended.update(each[day].ended)
        return Day(0, ended).kinds


def requests(day: Day) -> float:
    """Count the token requests of a day."""
    return day.requests


def failed(day: Day) -> float:
    """Count its calls that failed."""
    return day.failed


def seconds(day: Day) -> float:
    """Return the seconds until the last call ended, to a tenth."""
    return round(day.seconds, 1)


class _Measure(NamedTuple):
    """A figure that is compared with the peers': the fewer the better."""

    name: str
    day: str
    read: Callable[[Day], float]
    note: str = ""  # for where Gatepass is not the best


_AGAIN = "it also prepares for a 401, after which the others do nothing"
_NEW_TOKEN = "it asks once whether a new token works"
_MEASURES = (
    _Measure(f"token requests, {MANY:,} callers start at once", "cold_start", requests),
    _Measure("failed calls, the API refuses the token once", "refused_once", failed),
    _Measure(
        f"token requests of {IN_TURN} calls, the API refuses every token",
        "refused_always",
        requests,
        _NEW_TOKEN,
    ),
    _Measure(f"token requests, renewal while {BURST} call", "expiry", requests),
    _Measure(f"failed calls, renewal while {BURST} call", "expiry", failed),
    _Measure("failed calls, endpoint down when a renewal is due", "down_at_renewal", failed),
    _Measure("token requests, endpoint down when a renewal is due", "down_at_renewal", requests),
    _Measure(f"failed calls of {FEW}, endpoint down at the start", "down_then_up", failed),
    _Measure(f"token requests of {FEW}, endpoint down at the start", "down_then_up", requests),
    _Measure(f"token requests of {FEW} callers, no server listens", "nobody_there", requests),
    _Measure(
        "seconds until the last of them knows it",
        "nobody_there",
        seconds,
        "it goes on trying for all of them until its deadline, 20 s unless set",
    ),
    _Measure(f"failed calls of {IN_TURN}, the secret was rotated", "rotated", failed),
    _Measure(f"token requests of {IN_TURN} calls, the secret was rotated", "rotated", requests),
)


def limits(clients: Iterable[Client], imports: Iterable[Imported]) -> Iterator[Row]:
    """Return the figures that have a limit."""
    for client in clients:
        if not client.subject.is_peer:
            spread = _range(client.overheads)
            measured = f"{_middle(client.overheads):.1f} us ({spread})"
            reached = max(client.overheads) < MOST_OVERHEAD
            what = f"overhead a call, {client.subject.name}"
            yield Row(what, measured, f"< {MOST_OVERHEAD:g} us", reached)
    for each in imports:
        if each.statement == "import gatepass":
            to_reach = f"<= {MOST_IMPORT} of {each.base}"
            yield Row(each.statement, f"{each.ratio:.2f}", to_reach, each.ratio <= MOST_IMPORT)


def against(clients: Sequence[Client]) -> Iterator[tuple[str, str, str, str]]:
    """Return figure, ours, the best peer's, and whether ours is best; the worst rounds count."""
    yield from _overheads(clients)
    ours = [each for each in clients if each.days and not each.subject.is_peer]
    peers = [each for each in clients if each.days and each.subject.is_peer]
    if not ours or not peers:
        return
    for name, day, read, note in _MEASURES:
        mine = max(each.most(day, read) for each in ours)
        best = min(peers, key=lambda each: each.most(day, read))
        its = best.most(day, read)
        yield name, f"{mine:,g}", f"{its:,g} ({best.subject.name})", _verdict(mine, its, note)


def _overheads(clients: Sequence[Client]) -> Iterator[tuple[str, str, str, str]]:
    for http in dict.fromkeys(each.subject.http for each in clients):
        same = [each for each in clients if each.subject.http == http]
        ours = [each for each in same if not each.subject.is_peer]
        peers = [each for each in same if each.subject.is_peer]
        if ours and peers:
            mine = _middle(ours[0].overheads)
            best = min(peers, key=lambda each: _middle(each.overheads))
            its = _middle(best.overheads)
            name = f"overhead a call, us, on {http}"
            verdict = _verdict(round(mine, 1), round(its, 1), _AGAIN)
            yield name, f"{mine:.1f}", f"{its:.1f} ({best.subject.name})", verdict


def _verdict(mine: float, its: float, note: str = "") -> str:
    if mine < its:
        return "yes"
    if mine == its:
        return "as good"
    return f"NO: {note}" if note else "NO"


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.1f} to {max(values):.1f}"


def page(head: str, clients: Sequence[Client], imports: Sequence[Imported]) -> str:
    """Return the whole page."""
    figures = _table(
        ("figure", "measured", "to reach", "reached"),
        ((*row[:3], row.verdict()) for row in limits(clients, imports)),
    )
    compared = _table(
        ("figure, fewer is better", "Gatepass", "best of the others", "Gatepass is the best"),
        against(clients),
    )
    return "".join(
        (
            f"{head}\n## Figures with a limit\n\n{figures}",
            "\n## Gatepass against the best of the others\n\n",
            "The worst round, and the worse of Gatepass's variants, counts.\n\n",
            compared,
            *(f"\n### {title}\n\n{text}\n\n{table}" for title, text, table in _details(clients)),
            "\n### Import\n\n",
            "The median ratio of the rounds, by processor time; by the clock in brackets.\n",
            "Milliseconds are those of processor time.\n\n",
            _imports(imports),
        )
    )


def _details(clients: Sequence[Client]) -> Iterator[tuple[str, str, str]]:
    yield (
        "A call with a fresh token",
        (
            "Microseconds that a call takes more than one of the same HTTP library without "
            "tokens:\nthe median of the runs, the least and the most of them. What follows is "
            "not measured for\nthose adapters of Gatepass that share all of it with another one."
        ),
        _table(
            ("client", "us", "runs"),
            ((c.subject.name, f"{_middle(c.overheads):.1f}", _range(c.overheads)) for c in clients),
        ),
    )
    through = [each for each in clients if each.days]
    for day, title, text in _TEXTS:
        is_timed = _is_timed(through, day)
        rows = [tuple(_cells(each, day, is_timed=is_timed)) for each in through]
        timed = ("seconds",) if is_timed else ()
        head = ("client", "token requests", "calls", "failed", *timed, "failed with")
        yield title, fill(" ".join(text.split()), _LINE), _table(head, rows)


def _is_timed(clients: Iterable[Client], day: str) -> bool:
    """Return whether the time is of interest: it is where callers call but once."""
    return any(each.most(day, lambda day: day.seconds) for each in clients)


def _cells(client: Client, day: str, *, is_timed: bool) -> Iterator[str]:
    yield client.subject.name
    yield client.span(day, requests)
    yield client.span(day, lambda each: sum(each.ended.values()))
    yield client.span(day, failed)
    if is_timed:
        yield client.span(day, lambda each: each.seconds, ".1f")
    yield client.kinds(day)


def _imports(imports: Iterable[Imported]) -> str:
    rows = (
        (
            f"`{each.statement}`",
            f"`{each.base}`",
            f"{each.ratio:.2f} ({each.by_wall:.2f})",
            " / ".join(f"{value:.0f}" for value in each.milliseconds),
        )
        for each in imports
    )
    return _table(("import", "against", "ratio", "ms / ms"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_TEXTS = (
    (
        "cold_start",
        "Start",
        f"""{MANY:,} callers, threads or tasks, make their first call at once. Authlib and
        requests-oauthlib leave the first token to the caller; here each caller that finds none
        fetches one. A program that fetches it before it has callers makes one request.""",
    ),
    (
        "refused_once",
        "The API refuses the token once",
        """A token is revoked before its end; one call is made.""",
    ),
    (
        "refused_always",
        "The API refuses every token",
        f"""{IN_TURN} calls, one after the other. Nothing helps; what counts is that the token
        endpoint gets no request for each of them.""",
    ),
    (
        "expiry",
        "A renewal in the middle of a burst",
        f"""{BURST} callers call again and again for five seconds; after three the token has to be
        renewed. A call takes 20 ms to the API and 180 ms back.""",
    ),
    (
        "down_at_renewal",
        "The endpoint is down when a renewal is due",
        f"""{FEW} callers call again and again; the token has come to where the client renews it,
        and is good for a while yet, but the endpoint answers 503. (requests-oauthlib renews no
        token before its end, so its token is not good any longer.)""",
    ),
    (
        "down_then_up",
        "The endpoint is down at the start",
        f"""{FEW} callers make their first call at once; the endpoint answers 503 for the first
        {DOWN_FOR:g} seconds, then works.""",
    ),
    (
        "nobody_there",
        "Nobody listens",
        f"""{FEW} callers make their first call at once, and connections to the token URL are
        refused. Requests are counted as attempts to connect.""",
    ),
    (
        "rotated",
        "The secret was rotated",
        f"""The secret lies in a file and is rotated, the old one is refused from then on, and the
        token has to be renewed; {IN_TURN} calls, one after the other. The others are given the
        secret as text, as they know no other way.""",
    ),
)
