"""`python -m benchmarks`: build the data, start every contender, let them do the work in turn, and print what came out."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from benchmarks import feed, growth, pgbench
from benchmarks.data import build
from benchmarks.postgraphile import postgraphile
from benchmarks.work import WORKS, requests, same
from graph import embedded

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".bench"
PAGE = ROOT / "docs" / "performance.md"
console = Console(highlight=False, width=150)
TARGETS = {"dashboard": 0.85, "issue_return": 0.6, "scan": 0.7, "armory_counts": 0.7, "typename": 0.25}
# Each contender has clients of its own, so that none wants the item of another's.
FIRST = {"bare": 0, "ours": 40, "naive": 80, "postgraphile": 120}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def serving(name: str, url: str) -> Iterator[tuple[int, int]]:
    """A contender's server: its port, and the number of its process."""
    port = free_port()
    environment = {**os.environ, "BENCH_URL": url, "ARMGUARD_DATABASE_URL": url, "ARMGUARD_PORT": str(port), "ARMGUARD_LOG_LEVEL": "INFO"}
    environment["ARMGUARD_BROADCAST_URL"] = ""
    words = {
        "ours": ["-m", "graph.cli", "serve"],
        "bare": ["-m", "benchmarks.bare", str(port)],
        "naive": ["-m", "benchmarks.naive", str(port)],
    }[name]
    with (HOME / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *words], env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None:
                raise SystemExit(f"{name} did not start; see {HOME.name}/{name}.log")
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def ask(port: int, request: bytes) -> bytes:
    """One request, for a look at its answer."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if not line.startswith(("host", "content-length")))
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{lines[0].split()[1]}", body, headers)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        found: bytes = answer.read()
        return found


def agree(ports: dict[str, int]) -> None:
    """Stop unless all contenders answer the same."""
    for work in ("dashboard", "scan", "armory_counts", "ledger_page"):
        answers = {name: same(work)(ask(port, next(requests(name, work, 0)))) for name, port in ports.items() if name != "postgraphile"}
        for name, answer in answers.items():
            if not answer or answer != answers["bare"]:
                raise SystemExit(f"{work}: {name} and the bare server do not answer the same")


def load(**asked: Any) -> dict[str, float]:
    """One round, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-1500:])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def memory(pid: int) -> float:
    """The resident memory of a process, in MB."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024  # type: ignore[index]


def median(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The middle of several rounds, measure by measure."""
    return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}


def measure(
    ports: dict[str, int], works: list[str], clients: list[int], seconds: float, rounds: int
) -> dict[tuple[str, int, str], dict[str, float]]:
    """Every contender at every work, in turn, so that what else the machine does meets all alike."""
    found: dict[tuple[str, int, str], list[dict[str, float]]] = {}
    for work in works:
        for count in clients:
            for number in range(rounds):
                for name, port in ports.items():
                    if name == "postgraphile" and work == "typename":
                        continue
                    console.print(f"[dim]{work}, {count} clients, round {number + 1}: {name}[/dim]")
                    first = FIRST[name]
                    answer = load(contender=name, work=work, clients=count, first=first, rooms=1, port=port, seconds=seconds)
                    found.setdefault((work, count, name), []).append(answer)
    return {key: median(each) for key, each in found.items()}


def rows(found: dict[tuple[str, int, str], dict[str, float]]) -> list[list[str]]:
    """The table: a row for each work, number of clients and contender."""
    table = []
    for (work, count, name), each in found.items():
        bare, other = found[work, count, "bare"], found.get((work, count, "postgraphile"))
        share = each["per_second"] / bare["per_second"]
        wanted = f"≥ {TARGETS[work]}" if name == "ours" and count == 32 and work in TARGETS else ""
        times = f"{each['per_second'] / other['per_second']:.1f}" if name == "ours" and other else ""
        latency = [f"{each[part]:.1f}" for part in ("p50", "p95", "p99")]
        table.append([work, str(count), name, f"{each['per_second']:.0f}", f"{share:.2f}", wanted, times, *latency])
    return table


COLUMNS = ("work", "clients", "contender", "per second", "of bare", "wanted", "× PostGraphile", "p50 ms", "p95 ms", "p99 ms")


def shown(columns: tuple[str, ...], table: list[list[str]], *, write: bool, mark: str) -> None:
    """Print a table, and if wanted put it into the page."""
    printed = Table(*columns)
    for row in table:
        printed.add_row(*row)
    console.print(printed)
    if write:
        lines = ["| " + " | ".join(row) + " |" for row in (list(columns), ["---"] * len(columns), *table)]
        text = re.sub(
            f"(<!-- {mark} -->).*?(<!-- /{mark} -->)",
            lambda found: found[1] + "\n" + "\n".join(lines) + "\n" + found[2],
            PAGE.read_text(),
            flags=re.DOTALL,
        )
        PAGE.write_text(text)


async def _create(url: str, name: str, size: int) -> None:
    outside = await asyncpg.connect(url)
    there = await outside.fetchval("SELECT true FROM pg_database WHERE datname = $1", name)
    if not there:
        await outside.execute(f"CREATE DATABASE {name}_building")
        await build(_address(url, f"{name}_building"), size, console.print)
        await outside.execute(f"ALTER DATABASE {name}_building RENAME TO {name}")
    await outside.close()


def _address(url: str, name: str) -> str:
    return url.replace("/armguard?", f"/{name}?")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long a round lasts")
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds each contender has")
    parser.add_argument("--clients", default="1,8,32", help="how many clients at once")
    parser.add_argument("--only", default="", help=f"only this work: {', '.join((*WORKS, 'feed', 'growth', 'open', 'pgbench'))}")
    parser.add_argument("--without", default="", help="contenders to leave out, such as naive,postgraphile")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--growth", action="store_true", help="compare with ten times the data as well (builds it once: some minutes)")
    asked = parser.parse_args()
    only, without = set(filter(None, asked.only.split(","))), set(asked.without.split(","))
    HOME.mkdir(exist_ok=True)
    with contextlib.ExitStack() as open_:
        url = open_.enter_context(embedded.running(HOME, console.print))
        asyncio.run(_create(url, "bench", 1))
        address = _address(url, "bench")
        servers = {name: open_.enter_context(serving(name, address)) for name in ("bare", "ours", "naive") if name not in without}
        ports = {name: port for name, (port, _) in servers.items()}
        if "postgraphile" not in without and (port := open_.enter_context(postgraphile(HOME, address, console.print))):
            ports["postgraphile"] = port
        agree(ports)
        before = memory(servers["ours"][1])
        works = [work for work in WORKS if not only or work in only]
        if works:
            found = measure(ports, works, [int(each) for each in asked.clients.split(",")], asked.seconds, asked.rounds)
            shown(COLUMNS, rows(found), write=asked.write, mark="table")
        if not only or "pgbench" in only:
            shown(
                ("what", "clients", "per second"), pgbench.measure(address, asked.seconds, console.print), write=asked.write, mark="pgbench"
            )
        if not only or "open" in only:
            console.print("[dim]issue and return at a fixed rate[/dim]")
            rate = 100.0
            table = []
            for name in ("bare", "ours"):
                each = load(
                    contender=name, work="issue_return", clients=32, first=FIRST[name], rooms=1, port=ports[name], seconds=5, rate=rate
                )
                table.append([name, f"{rate:.0f}", f"{each['per_second']:.0f}", *(f"{each[part]:.1f}" for part in ("p50", "p95", "p99"))])
            shown(("contender", "asked a second", "done a second", "p50 ms", "p95 ms", "p99 ms"), table, write=asked.write, mark="open")
        if not only or "feed" in only:
            shown(feed.COLUMNS, feed.measure(ports["ours"], servers["ours"][1], console.print), write=asked.write, mark="feed")
        console.print(f"Memory of our server: {before:.0f} MB before, {memory(servers['ours'][1]):.0f} MB after.")
        if asked.growth or "growth" in only:
            asyncio.run(_create(url, "bench10", 10))
            with serving("ours", _address(url, "bench10")) as (large, _):
                shown(growth.COLUMNS, growth.measure(ports["ours"], large, asked.seconds, console.print), write=asked.write, mark="growth")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
