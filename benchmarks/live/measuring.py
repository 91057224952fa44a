"""One round: a server of its own, viewers who come after the first ten have been told something, and events at fixed moments."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.live.asked import DUE, ROOM
from benchmarks.live.child import Child, child
from benchmarks.live.node import node
from benchmarks.live.steps import Found, Step
from graph.address import of_our_own

FIRST, WARM_EVENTS, WARM_RATE, WARM_SECONDS = 10, 20, 20.0, 30.0  # viewers and events before the memory without viewers is read
TO_ONE = 10  # viewers to one whose messages' times are taken
GRACE, LOOK = 1.0, 0.05  # seconds after the last event until what has not come counts as not delivered; between two looks
SERVERS = {"raw": "raw", "ours": "ours", "naive": "naive_feed"}


@contextlib.contextmanager
def writing(url: str) -> Iterator[Child]:
    """The writer, once it is heard by who listens."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ARMGUARD_")}
    with child("benchmarks.live.writer", of_our_own(url).runtime, own) as writer:
        writer.hear()
        yield writer


class Measuring:
    """Rounds on one database, with one writer. What the first viewers are told must be the same from every contender."""

    def __init__(self, url: str, writer: Child, seconds: float) -> None:
        self._url, self._writer, self._seconds = url, writer, seconds
        self._samples: dict[str, str] = {}

    def round(self, step: Step) -> Found:
        """One round."""
        with contextlib.ExitStack() as stack:
            serving = node(self._url) if step.contender == "node" else servers.serving(SERVERS[step.contender], self._url)
            port, process = stack.enter_context(serving)
            asked = {"port": port, "graphql": step.contender != "raw", "documents": step.documents, "room": ROOM, "to_one": TO_ONE}
            crowd = stack.enter_context(child("benchmarks.live.viewers", json.dumps(asked)))
            self._warm(step, crowd)
            without, began = servers.memory(process), time.monotonic()
            crowd.ask(f"grow {step.viewers}")
            connected = time.monotonic() - began
            before = [processor_seconds(each) for each in (process, crowd.number)]
            found = self._told(step, crowd)
            used, watching = (processor_seconds(each) - was for each, was in zip((process, crowd.number), before, strict=True))
            return found | {
                "each": 1e6 * used / max(1, found["messages"]),
                "watching": 1e6 * watching / max(1, found["messages"]),
                "kilobytes": 1024 * (servers.memory(process) - without) / (step.viewers - FIRST),
                "connected": connected,
            }

    def _warm(self, step: Step, crowd: Child) -> None:
        crowd.ask(f"grow {FIRST}")
        self._writer.ask(f"{WARM_RATE} {WARM_EVENTS}")
        if not drained(crowd, FIRST * WARM_EVENTS, WARM_SECONDS):
            raise SystemExit(f"{step.contender} did not tell {FIRST} viewers of {WARM_EVENTS} events.")
        if step.documents == 1:
            self._agree(step.contender, crowd.ask("told")["sample"])
        crowd.ask("forget")

    def _agree(self, name: str, sample: str) -> None:
        """Stop unless all contenders tell the same of the same event, and the yardstick in as many bytes as ours."""
        self._samples[name] = sample
        for other, its in self._samples.items():
            if essence(its) != essence(sample):
                raise SystemExit(f"{other} and {name} differ:\n{its}\n{sample}")
        ours, raw = (self._samples.get(each) for each in ("ours", "raw"))
        if ours and raw and len(ours) != len(raw):
            raise SystemExit(f"The message of the yardstick is not as long as ours:\n{raw}\n{ours}")

    def _told(self, step: Step, crowd: Child) -> Found:
        events = int(step.rate * self._seconds)
        written: Found = self._writer.ask(f"{step.rate} {events}")
        drained(crowd, events * step.viewers, GRACE)
        told = crowd.ask("told")
        return {"due": events * step.viewers, "messages": told["messages"], "p50": told["p50"], "p99": told["p99"], **written}


def processor_seconds(process: int) -> float:
    """How long a process has used a processor, for itself and in the kernel."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def drained(crowd: Child, due: int, seconds: float) -> bool:
    """Wait until all has come that is due, at most so long; whether it has."""
    until = time.monotonic() + seconds
    while (told := crowd.ask("count")) < due and time.monotonic() < until:
        time.sleep(LOOK)
    return bool(told >= due)


def essence(sample: str) -> dict[str, Any]:
    """What a message says of its event, but for its place and when it was due."""
    event: dict[str, Any] = json.loads(sample)["payload"]["data"]["custodyFeed"]["event"]
    return event | {"seq": 0, "summary": event["summary"].partition(DUE.decode())[0]}
