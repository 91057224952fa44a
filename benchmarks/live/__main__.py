"""`python -m benchmarks.live`: commit events at fixed moments, and see how each server tells them to all who watch."""

from __future__ import annotations

import argparse
import contextlib
import resource
import statistics

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import servers
from benchmarks.command import chosen, run
from benchmarks.databases import databases
from benchmarks.live import node, table
from benchmarks.live.measuring import Measuring, writing
from benchmarks.live.steps import CONTENDERS, STEPS, WORKS, Found, Step
from benchmarks.tables import Page
from benchmarks.work import HOME
from graph import embedded

console = Console(highlight=False, width=190)


def line_of(step: Step, found: Found) -> str:
    """A round in a line."""
    return (
        f"[dim]{step.viewers} viewers, {step.rate:.0f} a second, {step.named}: {table.delivered(found)}, {found['each']:.1f} µs each, "
        f"p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms, {found['kilobytes']:.1f} KB a viewer; a viewer's own "
        f"{found['watching']:.1f} µs; committed: p50 {found['commit_p50']:.1f} ms, p99 {found['commit_p99']:.1f} ms; connected in "
        f"{found['connected']:.1f} s[/dim]"
    )


def measure(steps: list[Step], url: str, seconds: float, rounds: int) -> dict[Step, Found]:
    """Every step in turn, so that what else the machine does meets all alike; the medians of its rounds."""
    taken: dict[Step, list[Found]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with writing(url) as writer, Progress(*columns, console=console, transient=True) as progress:
        bar, measuring = progress.add_task("", total=len(steps) * rounds), Measuring(url, writer, seconds)
        for number in range(rounds):
            for step in steps:
                progress.update(bar, description=f"round {number + 1}, {step.viewers} viewers: {step.named}")
                found = measuring.round(step)
                console.print(line_of(step, found))
                taken.setdefault(step, []).append(found)
                progress.advance(bar)
    return {step: {name: statistics.median(each[name] for each in found) for name in found[0]} for step, found in taken.items()}


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
    asked.only = chosen(parser, "only", asked.only, {*WORKS}) or {*WORKS}
    asked.without = chosen(parser, "without", asked.without, {*CONTENDERS})
    return asked


def main() -> None:
    """Measure."""
    asked = arguments()
    HOME.mkdir(exist_ok=True)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for all processes that are started from here
    missing = {}
    if "node" not in asked.without and "thousand" in asked.only and (why := node.unavailable(console.print)):
        missing["node"] = why
    steps = [step for step in STEPS if step.work in asked.only and step.contender not in {*asked.without, *missing}]
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(embedded.running(HOME, console.print))
        url = stack.enter_context(databases(cluster, console.print))
        servers.prepare(url)
        table.show(Page(console, write=asked.write), measure(steps, url, asked.seconds, asked.rounds), missing)


if __name__ == "__main__":
    run(main, console)
