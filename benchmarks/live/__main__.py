"""`python -m benchmarks.live`: commit events at fixed moments, and see how each server tells them to all who watch."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import servers
from benchmarks.databases import databases
from benchmarks.live.asked import DOCUMENTS, ROOM
from benchmarks.live.child import Child, child
from benchmarks.work import HOME
from graph import embedded
from graph.address import of_our_own

console = Console(highlight=False, width=170)
FIRST, WARM_EVENTS, WARM_RATE = 10, 20, 20.0  # viewers and events before the memory without viewers is read
GRACE, LOOK = 1.0, 0.05  # seconds after the last event until what has not come counts as not delivered; between two looks
Found = dict[str, float]


@dataclass(frozen=True)
class Step:
    """What is measured together."""

    work: str
    contender: str
    viewers: int
    rate: float
    documents: int = 1

    @property
    def named(self) -> str:
        """For the progress."""
        return f"{self.viewers} viewers, {self.rate:.0f} events a second: {self.contender}" + f", {self.documents} documents" * (
            self.documents > 1
        )


CONTENDERS = ("raw", "ours")
STEPS = (
    *(Step("thousand", name, 1000, 50) for name in CONTENDERS),
    Step("documents", "ours", 1000, 50, DOCUMENTS),
    *(Step("five_thousand", name, 5000, 10) for name in ("raw", "ours")),
)
WORKS = tuple(dict.fromkeys(step.work for step in STEPS))


def processor_seconds(process: int) -> float:
    """How long a process has used a processor, for itself and in the kernel."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(step: Step, url: str, writer: Child, seconds: float) -> Found:
    """One round, against a server of its own."""
    with contextlib.ExitStack() as stack:
        port, process = stack.enter_context(servers.serving(step.contender, url))
        asked = {"port": port, "graphql": step.contender != "raw", "documents": step.documents, "room": ROOM}
        crowd = stack.enter_context(child("benchmarks.live.viewers", json.dumps(asked)))
        crowd.ask(f"grow {FIRST}")
        writer.ask(f"{WARM_RATE} {WARM_EVENTS}")
        drain(crowd, FIRST * WARM_EVENTS)
        without, began = servers.memory(process), time.monotonic()
        crowd.ask(f"grow {step.viewers}")
        connected = time.monotonic() - began
        crowd.ask("forget")
        used, events = processor_seconds(process), int(step.rate * seconds)
        written = writer.ask(f"{step.rate} {events}")
        drain(crowd, events * step.viewers)
        used = processor_seconds(process) - used
        told = crowd.ask("told")
        return {
            "due": events * step.viewers, "messages": told["messages"], "p50": told["p50"], "p99": told["p99"], "processor": used,
            "each": 1e6 * used / max(1, told["messages"]), "kilobytes": 1024 * (servers.memory(process) - without) / (step.viewers - FIRST),
            "connected": connected, **written,
        }  # fmt: skip


def drain(crowd: Child, due: int) -> None:
    """Wait until all has come that is due, at most for a moment."""
    until = time.monotonic() + GRACE
    while crowd.ask("count") < due and time.monotonic() < until:
        time.sleep(LOOK)


def line_of(step: Step, found: Found) -> str:
    """A round in a line."""
    return (
        f"[dim]{step.named}: {100 * found['messages'] / found['due']:.1f} % delivered, {found['each']:.1f} µs of the processor each, "
        f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms, {found['kilobytes']:.1f} KB a viewer; committed within "
        f"{found['commit_p50']:.1f} and {found['commit_p99']:.1f} ms; connected in {found['connected']:.1f} s[/dim]"
    )


def measured(steps: list[Step], url: str, seconds: float, rounds: int) -> dict[Step, Found]:
    """Every step in turn, so that what else the machine does meets all alike; the medians of its rounds."""
    taken: dict[Step, list[Found]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with writing(url) as writer, Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=len(steps) * rounds)
        for number in range(rounds):
            for step in steps:
                progress.update(bar, description=f"round {number + 1}: {step.named}")
                found = measure(step, url, writer, seconds)
                console.print(line_of(step, found))
                taken.setdefault(step, []).append(found)
                progress.advance(bar)
    return {step: {name: statistics.median(each[name] for each in found) for name in found[0]} for step, found in taken.items()}


@contextlib.contextmanager
def writing(url: str) -> Iterator[Child]:
    """The writer, once it is heard by who listens."""
    own: dict[str, Any] = {name: value for name, value in os.environ.items() if not name.startswith("ARMGUARD_")}
    with child("benchmarks.live.writer", of_our_own(url).runtime, own) as writer:
        writer.hear()
        yield writer


def arguments() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    add = parser.add_argument
    add("--seconds", type=float, default=8, help="how long events come in a round")
    add("--rounds", type=int, default=2, help="how many rounds each contender has")
    add("--only", default="", help=f"only this work: {', '.join(WORKS)}")
    add("--without", default="", help=f"contenders to leave out, of {', '.join(CONTENDERS)}")
    add("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args()
    asked.only = set(filter(None, asked.only.split(","))) or {*WORKS}
    asked.without = set(filter(None, asked.without.split(",")))
    for name, known in (("only", {*WORKS}), ("without", {*CONTENDERS})):
        if unknown := getattr(asked, name) - known:
            parser.error(f"--{name}: {', '.join(sorted(unknown))} cannot be named; there are {', '.join(sorted(known))}")
    return asked


def main() -> None:
    """Measure."""
    asked = arguments()
    HOME.mkdir(exist_ok=True)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for all processes that are started from here
    steps = [step for step in STEPS if step.work in asked.only and step.contender not in asked.without]
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(embedded.running(HOME, console.print))
        url = stack.enter_context(databases(cluster, console.print))
        servers.prepare(url)
        measured(steps, url, asked.seconds, asked.rounds)


def stop(*_: Any) -> None:
    """Stopped from outside: all that was started is stopped, as after Ctrl-C."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    try:
        main()
    except KeyboardInterrupt:
        console.print("Stopped.")
        sys.exit(130)
