"""Issues and returns at fifty events a second over ten arms rooms, with nobody watching and with a thousand viewers of one room each."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.data import ARMORIES
from benchmarks.live.child import child
from benchmarks.servers import ROOT, memory

VIEWERS, RATE, ROUNDS, CLIENTS, FIRST = 1000, 50.0, 2, 40, 320


@contextlib.contextmanager
def viewers(port: int, count: int) -> Iterator[Callable[[], int]]:
    """So many viewers; gives what says how many events they have been told."""
    with child("benchmarks.live.viewers", json.dumps({"port": port, "graphql": True, "documents": 1, "to_one": 1})) as crowd:
        crowd.ask(f"grow {count}")
        yield lambda: int(crowd.ask("count"))


def measure(port: int, process: int, seconds: float, said: Callable[[str], None]) -> dict[int, dict[str, float]]:
    """By the number of viewers: what was done a second, how long it took, how many messages went out and how many were due."""
    taken: dict[int, list[dict[str, float]]] = {0: [], VIEWERS: []}
    for _ in range(ROUNDS):
        for count, each in taken.items():
            said(f"[dim]the feed, {count} viewers[/dim]")
            with viewers(port, count) as told:
                each.append(_round(port, 4 * seconds, told) | {"memory": memory(process)})
    found = {}
    for count, each in taken.items():
        found[count] = {name: statistics.median(round_[name] for round_ in each) for name in each[0]}
        found[count]["due"] = found[count]["events"] * count / ARMORIES
    return found


def _round(port: int, seconds: float, told: Callable[[], int]) -> dict[str, Any]:
    before = told()
    asked = {
        "contender": "ours",
        "work": "issue_return_ten",
        "clients": CLIENTS,
        "first": FIRST,
        "port": port,
        "seconds": seconds,
        "rate": RATE,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=json.dumps(asked), capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    if done.returncode:
        raise SystemExit(f"the feed: {done.stderr.strip()[-1500:]}")
    heard, last = told(), -1
    while heard != last:  # until nothing more comes
        time.sleep(0.5)
        heard, last = told(), heard
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {"messages": heard - before}
