"""graphql-ws in Node, where npm is there to install it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.live.asked import STREAM
from benchmarks.npm import installed
from benchmarks.servers import free_port, running
from benchmarks.work import HOME
from graph.feed import CHANNEL

FOLDER = HOME / "node"
PACKAGES = ("graphql@16.15.0", "graphql-ws@6.4.2", "ws@8.23.0", "pg@8")


def unavailable(told: Callable[[str], None]) -> str:
    """Install it, if need be; gives why it cannot be had."""
    return installed(FOLDER, "graphql-ws", PACKAGES, told)


@contextlib.contextmanager
def node(url: str) -> Iterator[tuple[int, int]]:
    """A server: its port, and the number of its process."""
    (FOLDER / "server.js").write_text(Path(__file__).with_name("node.js").read_text())
    parts, port = urlsplit(url), free_port()
    place = [parse_qs(parts.query)["host"][0], parts.username or "postgres", parts.path.lstrip("/"), str(port), str(parts.port or 5432)]
    environment = {"NODE_ENV": "production", "PATH": os.environ["PATH"]}
    with running("node", ["node", "server.js", *place, STREAM, CHANNEL], port, environment, FOLDER) as process:
        yield port, process
