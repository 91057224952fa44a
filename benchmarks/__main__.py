"""`python -m benchmarks`: build the data, start every contender, let them do the work in turn, and print what came out."""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks import feed, growth, pgbench, servers, tables
from benchmarks.command import chosen, run
from benchmarks.databases import databases
from benchmarks.postgraphile import postgraphile
from benchmarks.servers import ROOT
from benchmarks.work import HOME, WORKS, find_places
from graph import embedded

console = Console(highlight=False, width=170)
OTHERS = ("open", "feed", "growth")
SERVED = ("bare", "ours", "naive", "postgraphile")
CONTENDERS = ("pgbench", "asyncpg", *SERVED)
ONLY_AT = {"dashboard_polled": 32, "issue_return_ten": 32}  # what is measured at one number of clients only
RATE = 100.0  # requests a second where they come at a fixed rate
Found = tables.Found


def load(**asked: Any) -> dict[str, float]:
    """One round, in a process of its own."""
    if asked["contender"] == "pgbench":
        return pgbench.load(asked["url"], asked["clients"], asked["first"], asked["seconds"])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    if done.returncode:
        raise SystemExit(f"{asked['contender']} failed at {asked['work']}: {done.stderr.strip()[-1500:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def able(contender: str, work: str, clients: int) -> bool:
    """Whether a contender does this work."""
    if work in ONLY_AT and clients != ONLY_AT[work]:
        return False
    if contender == "pgbench":
        return work == "issue_return"
    return contender != "asyncpg" or work != "typename"


def measure(ports: dict[str, int], url: str, works: list[str], clients: list[int], seconds: float, rounds: int) -> Found:
    """Every contender at every work, in turn, so that what else the machine does meets all alike."""
    cells = [(work, count) for work in works for count in clients]
    taken: dict[tuple[str, int, str], list[dict[str, float]]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=sum(able(name, *cell) for name in ports for cell in cells) * rounds)
        for work, count in cells:
            doing = [name for name in ports if able(name, work, count)]
            for number in range(rounds):
                for name in doing:
                    progress.update(bar, description=f"{work}, {count} clients, round {number + 1}: {name}")
                    first, port = 40 * CONTENDERS.index(name), ports[name]
                    found = load(contender=name, work=work, clients=count, first=first, port=port, url=url, seconds=seconds)
                    taken.setdefault((work, count, name), []).append(found)
                    progress.advance(bar)
            if doing:
                console.print(f"[dim]{work}, {count} clients: done[/dim]")
    return {key: middle(each) for key, each in taken.items()}


def middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of several rounds, measure by measure."""
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def at_a_rate(ports: dict[str, int], seconds: float, rounds: int) -> Found:
    """Issues and returns at fixed moments."""
    console.print(f"[dim]issue and return, {RATE:.0f} a second[/dim]")
    taken: dict[tuple[str, int, str], list[dict[str, float]]] = {}
    for _ in range(rounds):
        for name, port in ports.items():
            if name in SERVED:
                asked = {"contender": name, "work": "issue_return_ten", "clients": 32, "first": 40 * CONTENDERS.index(name), "port": port}
                taken.setdefault(("open", 32, name), []).append(load(**asked, seconds=2 * seconds, rate=RATE))
    return {key: middle(each) for key, each in taken.items()}


def arguments() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--size", type=int, choices=(1, 10), default=1, help="10: compare the reads with those on ten times the data as well")
    add("--seconds", type=float, default=1.5, help="how long a round lasts")
    add("--rounds", type=int, default=3, help="how many rounds each contender has")
    add("--clients", default="1,8,32", help="how many clients at once")
    add("--only", default="", help=f"only this work: {', '.join((*WORKS, *OTHERS))}")
    add("--without", default="", help=f"contenders to leave out, of {', '.join(CONTENDERS)}")
    add("--write", action="store_true", help="put the tables into docs/performance.md")
    asked = parser.parse_args()
    asked.only = chosen(parser, "only", asked.only, {*WORKS, *OTHERS}) or {*WORKS, *OTHERS}
    asked.without = chosen(parser, "without", asked.without, {*CONTENDERS} - {"bare", "ours"})
    asked.clients = [int(count) for count in asked.clients.split(",")]
    return asked


def main() -> None:
    """Measure."""
    asked = arguments()
    HOME.mkdir(exist_ok=True)
    page = tables.Page(console, write=asked.write)
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(embedded.running(HOME, console.print))
        url = stack.enter_context(databases(cluster, console.print))
        ports: dict[str, int] = {name: 0 for name in ("pgbench", "asyncpg") if name not in asked.without}
        processes = {}
        for name in ("bare", "ours", "naive"):
            if name not in asked.without:
                ports[name], processes[name] = stack.enter_context(servers.serving(name, url))
        if "postgraphile" not in asked.without:
            port, why = stack.enter_context(postgraphile(HOME, url, console.print))
            ports |= {"postgraphile": port} if port else {}
            page.missing |= {"postgraphile": why} if why else {}
        find_places(lambda request: servers.ask(ports["ours"], request))
        servers.agree({name: port for name, port in ports.items() if name in SERVED}, console.print)
        before = servers.memory(processes["ours"])
        if works := [work for work in WORKS if work in asked.only]:
            page.work(measure(ports, url, works, asked.clients, asked.seconds, asked.rounds))
        if "open" in asked.only:
            page.rate(at_a_rate(ports, asked.seconds, asked.rounds), RATE)
        during = servers.memory(processes["ours"])
        if "feed" in asked.only:
            page.feed(feed.measure(ports["ours"], processes["ours"], asked.seconds, console.print))
        page.memory(before, during, servers.memory(processes["ours"]))
        if asked.size == 10 and "growth" in asked.only:
            large = stack.enter_context(databases(cluster, console.print, size=10))
            port, _ = stack.enter_context(servers.serving("ours", large))
            page.growth(growth.measure(ports["ours"], port, asked.seconds, console.print))


if __name__ == "__main__":
    run(main, console)
