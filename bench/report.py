"""What the benchmarks say: one row a figure, printed and written the same."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from bench.load import Series
from bench.processes import NotMeasuredError

Made = TypeVar("Made")

ByConnections = Mapping[int, Mapping[str, Series]]
"""The series of a comparison by name, for each number of connections."""


class Row(NamedTuple):
    """A figure of the table; `reached` is None where it is stated only, or not measured."""

    figure: str
    measured: str
    to_reach: str
    reached: bool | None

    def verdict(self) -> str:
        """Return whether it was reached."""
        return {True: "yes", False: "NO", None: "-"}[self.reached]


class Part(NamedTuple):
    """What one program measured."""

    title: str
    series: ByConnections
    rows: tuple[Row, ...]


def ratio_row(
    figure: str,
    series: ByConnections,
    mine: str,
    its: str,
    least: float | None = None,
    form: str = ".2f",
) -> Row:
    """Return the row of a ratio of requests/s, which has to be reached at every load."""
    to_reach = "stated" if least is None else f">= {least:,{form}}"
    if not all(name in each for each in series.values() for name in (mine, its)):
        return Row(figure, "not measured", to_reach, None)
    ratios = {count: each[mine].ratio(each[its]) for count, each in series.items()}
    rates = " / ".join(f"{each.by_rate:,{form}}" for each in ratios.values())
    work = " / ".join(f"{each.by_cpu:,{form}}" for each in ratios.values())
    reached = None if least is None else all(each.by_rate >= least for each in ratios.values())
    return Row(figure, f"{rates} (by CPU time {work})", to_reach, reached)


def limit_row(figure: str, value: float, most: float, unit: str, detail: str = "") -> Row:
    """Return the row of a figure that has an upper limit."""
    measured = f"{value:,.2f} {unit}" if most < 10 else f"{value:,.0f} {unit}"
    measured += f" ({detail})" if detail else ""
    return Row(figure, measured, f"<= {most:,g} {unit}", value <= most)


def print_part(part: Part) -> None:
    """Print what a program measured."""
    print(f"\n{part.title}")
    for connections, series in part.series.items():
        head = f"{connections} connections"
        print(f"  {head:42}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'CPU us':>10}")
        for each in series.values():
            per_second, cpu, p50, p99 = each.median()
            print(f"  {each.name:42}{per_second:12,.{_digits(per_second)}f}", end="")
            print(f"{p50:10,.2f}{p99:10,.2f}{cpu:10,.1f}")
    for row in part.rows:
        print(f"  {row.figure}: {row.measured}; to reach: {row.to_reach}; {row.verdict()}")


def _digits(number: float) -> int:
    return 0 if number >= 10 else 2


def markdown(parts: Iterable[Part]) -> str:
    """Return the tables of all parts as Markdown."""
    several = list(parts)
    rows = "".join(
        f"| {row.figure} | {row.measured} | {row.to_reach} | {row.verdict()} |\n"
        for part in several
        for row in part.rows
    )
    series = "".join(_series_table(part) for part in several if part.series)
    return (
        "## Figures\n\nA ratio is given at 32 / 128 connections, and has to be reached at both.\n\n"
        "| figure | measured | to reach | reached |\n|---|---|---|---|\n"
        f"{rows}\n## Loads\n\nMedians over the rounds.\n{series}"
    )


def _series_table(part: Part) -> str:
    head = (
        f"\n### {part.title}\n\n| connections | server | requests/s | p50 ms | p99 ms | CPU us |\n"
        "|---:|---|---:|---:|---:|---:|\n"
    )
    lines = (
        f"| {connections} | {each.name} | {figures.per_second:,.{_digits(figures.per_second)}f} "
        f"| {figures.p50:,.2f} | {figures.p99:,.2f} | {figures.cpu:,.1f} |\n"
        for connections, series in part.series.items()
        for each, figures in ((each, each.median()) for each in series.values())
    )
    return head + "".join(lines)


def possible(*makers: Callable[[], Made]) -> Iterator[Made]:
    """Return what can be had here; print why the rest is not measured."""
    for make in makers:
        try:
            yield make()
        except NotMeasuredError as error:
            print(f"not measured: {error}", flush=True)
