"""The servers of the contenders: each a process of its own, on a port of its own, for this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.work import HOME, READS, questions, told, written
from graph import database
from graph.address import of_our_own

ROOT = HOME.parent
MODULES = {
    "ours": ("graph.cli", "serve"),
    "bare": ("benchmarks.bare",),
    "naive": ("benchmarks.naive",),
    "raw": ("benchmarks.live.raw",),
    "naive_feed": ("benchmarks.live.naive",),
}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def running(name: str, words: list[str], port: int, environment: dict[str, str], folder: Path) -> Iterator[int]:
    """A server's process, from when it takes connections; gives its number."""
    with (HOME / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            words, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{name} did not start; see {HOME.name}/{name}.log")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def prepare(url: str) -> None:
    """Give who serves their rights in a copy of the data."""
    asyncio.run(database.prepare(of_our_own(url)))


@contextlib.contextmanager
def serving(name: str, url: str) -> Iterator[tuple[int, int]]:
    """A contender written in Python: its port, and the number of its process."""
    port, module = free_port(), MODULES[name]
    own = {name: value for name, value in os.environ.items() if not name.startswith("ARMGUARD_")}
    at = of_our_own(url)
    prepare(url)
    free = {f"ARMGUARD_{limit}": "0" for limit in ("ADDRESS_REQUESTS", "ACCOUNT_REQUESTS", "ADDRESS_SOCKETS", "ACCOUNT_SOCKETS")}
    ours = {**free, "ARMGUARD_DATABASE_URL": at.runtime, "ARMGUARD_HOST": "127.0.0.1", "ARMGUARD_PORT": str(port)}
    words = [sys.executable, "-m", *module, *([] if name == "ours" else [str(port)])]
    with running(name, words, port, {**own, **ours, "BENCH_URL": url}, ROOT) as process:
        yield port, process


def ask(port: int, request: bytes) -> bytes:
    """One request, for a look at its answer."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if not line.startswith(("host", "content-length")))
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{lines[0].split()[1]}", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{lines[0]}: {error.code} {error.read()[:1000]!r}") from None


def agree(ports: dict[str, int], told_to: Callable[[str], None]) -> None:
    """Stop unless all contenders give the same data, and the bare server the very bytes that ours does."""
    for work in READS:
        source = questions(work, 0)
        for _ in range(3):
            question = next(source)
            bodies = {name: ask(port, written(name, question)) for name, port in ports.items()}
            for name, body in bodies.items():
                if told(body) != told(bodies["ours"]) and (name, work) != ("postgraphile", "typename"):
                    raise SystemExit(f"{work}: ours and {name} differ:\n{bodies['ours'].decode()[:1500]}\n{body.decode()[:1500]}")
            if bodies["bare"] != bodies["ours"]:
                raise SystemExit(f"{work}: the bytes of ours and the bare server differ:\n{bodies['ours']!r}\n{bodies['bare']!r}"[:3000])
    told_to(f"[dim]{', '.join(ports)}: the same answers[/dim]")


def memory(process: int) -> float:
    """The resident memory of a process, in MB."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
