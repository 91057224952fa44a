"""What the commands of the benchmarks have in common: names with commas between, and an end that cleans up."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Set
from typing import Any

from rich.console import Console


def chosen(parser: argparse.ArgumentParser, name: str, given: str, known: Set[str]) -> set[str]:
    """The names that an option has, with commas between; the command ends with a word where one cannot be named."""
    names = set(filter(None, given.split(",")))
    if unknown := names - known:
        parser.error(f"--{name}: {', '.join(sorted(unknown))} cannot be named; there are {', '.join(sorted(known))}")
    return names


def run(main: Callable[[], None], console: Console) -> None:
    """Run a command. Stopped from outside, it stops all that was started, as after Ctrl-C."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        main()
    except KeyboardInterrupt:
        console.print("Stopped.")
        sys.exit(130)


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt
