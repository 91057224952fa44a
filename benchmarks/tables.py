"""The tables: printed, and put between their marks in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from benchmarks.growth import WITHOUT_LIMIT
from benchmarks.servers import ROOT

PAGE = ROOT / "docs" / "performance.md"
Found = dict[tuple[str, int, str], dict[str, float]]  # by work, number of clients and contender
# What ours must be at 32 clients: a share of the bare server's throughput, and so many times that of PostGraphile.
TARGETS = {
    "dashboard": (0.85, 3.5), "dashboard_polled": (0.85, 3.5), "issue_return": (0.6, 1.3), "issue_return_ten": (0.6, 1.3),
    "scan": (0.7, 0), "armory_counts": (0.7, 0), "typename": (0.25, 0),
}  # fmt: skip
SLOWER = 1.7  # times the bare server's p50 an issue may take, with one client
LARGER = 1.3  # times what it took a read may take on ten times the data
FEWER = 0.85  # share of the issues that must be left with a thousand viewers


def mark(*, met: bool) -> str:
    """Whether a target is met."""
    return "✓" if met else "✗"


def wanted(work: str, clients: int, found: Found) -> str:
    """What ours must reach at this work, and whether it does."""
    ours, bare, other = (found.get((work, clients, name)) for name in ("ours", "bare", "postgraphile"))
    if ours is None or bare is None:
        return ""
    if work == "issue_return" and clients == 1:
        times = ours["issue_p50"] / bare["issue_p50"]
        return f"issue p50 {times:.2f} × bare, ≤ {SLOWER} {mark(met=times <= SLOWER)}"
    if work not in TARGETS or clients != 32:
        return ""
    share, times = TARGETS[work]
    words = [f"≥ {share} {mark(met=ours['per_second'] >= share * bare['per_second'])}"]
    if times and other:
        words.append(f"≥ {times} × PG {mark(met=ours['per_second'] >= times * other['per_second'])}")
    return ", ".join(words)


class Page:
    """Where the tables go. `missing` are contenders that do not run here, and why."""

    def __init__(self, console: Console, *, write: bool) -> None:
        self.missing: dict[str, str] = {}
        self._console, self._write = console, write

    def work(self, found: Found) -> None:
        """Every contender at every work."""
        rows = []
        for (work, clients, name), each in found.items():
            bare, other = found.get((work, clients, "bare")), found.get((work, clients, "postgraphile"))
            share = f"{each['per_second'] / bare['per_second']:.2f}" if bare else ""
            times = f"{each['per_second'] / other['per_second']:.1f}" if other else ""
            latency = [f"{each[part]:.1f}" for part in ("p50", "p95", "p99")]
            must = wanted(work, clients, found) if name == "ours" else ""
            rows.append([work, str(clients), name, f"{each['per_second']:.0f}", share, times, *latency, must])
        rows += [["all", "", name, why, *[""] * 6] for name, why in self.missing.items()]
        columns = ("work", "clients", "contender", "per second", "of bare", "× PG", "p50 ms", "p95 ms", "p99 ms", "wanted")
        self.show("table", columns, rows)

    def rate(self, found: Found, rate: float) -> None:
        """What came at a fixed rate."""
        rows = [
            [name, f"{rate:.0f}", f"{each['per_second']:.0f}", *(f"{each[part]:.1f}" for part in ("issue_p50", "p50", "p95", "p99"))]
            for (_, _, name), each in found.items()
        ]
        columns = ("contender", "asked a second", "done a second", "issue p50 ms", "p50 ms", "p95 ms", "p99 ms")
        self.show("open", columns, rows)

    def feed(self, found: dict[int, dict[str, float]]) -> None:
        """Issues while nobody watches, and while many do."""
        rows, alone = [], found[0]["per_second"]
        for viewers, each in found.items():
            share = each["per_second"] / alone
            times = [f"{each[part]:.1f}" for part in ("issue_p50", "p99")]
            must = f"≥ {FEWER} {mark(met=share >= FEWER)}" if viewers else ""
            messages = [f"{each['messages']:.0f}", f"{each['messages'] / each['due']:.3f}" if each["due"] else ""]
            rows.append([str(viewers), f"{each['per_second']:.1f}", f"{share:.2f}", must, *messages, *times, f"{each['memory']:.0f}"])
        columns = ("viewers", "events a second", "share", "wanted", "messages", "of those due", "issue p50 ms", "p99 ms", "memory MB")
        self.show("feed", columns, rows)

    def memory(self, before: float, during: float, after: float) -> None:
        """The memory of our server."""
        columns = ("before MB", "after the load MB", "after the feed MB")
        self.show("memory", columns, [[f"{each:.0f}" for each in (before, during, after)]])

    def growth(self, found: dict[str, tuple[float, float]]) -> None:
        """Reads on the data and on ten times the data."""
        rows = []
        for name, (small, large) in found.items():
            must = f"≤ {LARGER} {mark(met=large <= LARGER * small)}" if name != WITHOUT_LIMIT else "reads what it counts"
            rows.append([name, f"{small:.2f}", f"{large:.2f}", f"{large / small:.2f}", must])
        self.show("growth", ("read", "p50 ms", "p50 ms on ten times the data", "ratio", "wanted"), rows)

    def show(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], besides: str = "") -> None:
        """Print a table, and put it between its marks; with what is to be said besides."""
        printed = Table(*columns, title=name)
        for row in rows:
            printed.add_row(*row)
        self._console.print(printed)
        if besides:
            self._console.print(besides)
        if self._write:
            lines = ["| " + " | ".join(row) + " |" for row in (columns, ["---"] * len(columns), *rows)]
            text = "\n".join([*lines, "", f"Measured on {datetime.now(UTC):%Y-%m-%d}. {besides}".strip(), ""])
            begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
            pattern = re.compile(f"{begin}.*?{end}", re.DOTALL)
            PAGE.write_text(pattern.sub(lambda _: f"{begin}\n{text}{end}", PAGE.read_text()))
