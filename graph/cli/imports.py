"""`armguard import-legacy`."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from graph.cli.base import AsJson, at_console, progress, refused_or
from graph.commands import legacy
from graph.rules.legacy_decisions import Outcome


def import_legacy(
    file: Annotated[Path, typer.Argument(help="The SQLite database of the earlier system.")],
    armory: Annotated[str, typer.Option(help="The code of the arms room that takes it all in.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Print every row's decision, not only the notable ones.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring in people, weapons, tags, accounts and custody of the earlier system: all of it, or nothing.

    Every row is imported, merged or set aside with a reason. Doing it twice changes nothing.
    """
    command = legacy.ImportLegacy(uuid4(), armory.upper(), dry_run)
    with contextlib.ExitStack() as stack:
        move = _quiet if dry_run else stack.enter_context(progress())
        result = refused_or(at_console(lambda: legacy.import_legacy(command, file, move)))
    decisions = result.decisions if everything else [decision for decision in result.decisions if decision.notable]
    if as_json:
        shown = [{**asdict(decision), "outcome": decision.outcome.value} for decision in decisions]
        print(json.dumps({"dryRun": dry_run, "counts": result.counts, "written": result.written, "decisions": shown}, default=str))
        return
    for decision in decisions:
        print(f"{decision.outcome.value:<17} {decision.row_table} {decision.row_id}: {decision.message}")
    table = Table("outcome", "what", "rows", box=None)
    for outcome in Outcome:
        for code, count in sorted(result.counts.get(outcome.value, {}).items()):
            table.add_row(outcome.value, code, str(count))
    Console(highlight=False).print(table)
    said = "would be written. This was a dry run: nothing was." if dry_run else "written."
    print(f"{len(result.decisions)} rows and words of the earlier system decided. {result.written} rows {said}")
    if result.written and not dry_run:
        print("The accounts are disabled: give each a password with `armguard account password NAME`.")


def _quiet(_what: str, _share: float) -> None:
    """No progress to show."""
