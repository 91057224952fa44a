"""A Redis of the tests' own, which may be killed and started again where it was."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import listening


class Redis:
    """A Redis on a port of its own."""

    def __init__(self, program: str, home: Path) -> None:
        with listening() as free:
            self.port = free.getsockname()[1]
        self.words = [program, "--port", str(self.port), "--save", "", "--dir", str(home), "--bind", "127.0.0.1"]
        self.url = f"redis://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        assert any(b"Ready to accept connections" in line for line in self.process.stdout), "it does not start"

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running_redis() -> Iterator[Redis]:
    """A real Redis, if the machine has one; in CI it must."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server must be installed in CI.")
        pytest.skip("redis-server is not installed here")
    with tempfile.TemporaryDirectory() as home:
        running = Redis(program, Path(home))
        try:
            yield running
        finally:
            running.kill()
