"""A process that does what its standard input says, and answers with a line of JSON."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks.servers import ROOT


class Child:
    """The process; `module` names it where something goes wrong."""

    def __init__(self, module: str, argument: str, environment: dict[str, str] | None = None) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, argument],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment, start_new_session=True,
        )  # fmt: skip

    @property
    def number(self) -> int:
        """The number of the process."""
        return self._process.pid

    def say(self, line: str) -> None:
        """Tell it what to do."""
        assert self._process.stdin
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """Its next answer.

        Raises:
            SystemExit: it has ended.
        """
        assert self._process.stdout
        if not (line := self._process.stdout.readline()):
            raise SystemExit(f"{self._module} ended with {self._process.wait()}")
        return json.loads(line)

    def ask(self, line: str) -> Any:
        """Tell it what to do, and wait until it is done."""
        self.say(line)
        return self.hear()

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def child(module: str, argument: str, environment: dict[str, str] | None = None) -> Iterator[Child]:
    """One for the length of a block."""
    process = Child(module, argument, environment)
    try:
        yield process
    finally:
        process.end()
