"""`armguard ledger`: export and verify."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from graph import database
from graph.audit import replay
from graph.audit.ledger import export_events, read_heads, stray_events
from graph.audit.verify import LIMIT, Report, Verifier
from graph.cli.base import AsJson, at_console, progress, say
from graph.errors import StartupError

ledger_app = typer.Typer(help="The record of everything that was done.", no_args_is_help=True)


@ledger_app.command("export")
def ledger_export(
    to: Annotated[Path | None, typer.Argument(help="The file to write; without it, standard output.")] = None,
) -> None:
    """Write the whole ledger, one event a line (JSON), to be checked anywhere with `armguard ledger verify FILE`."""

    async def write() -> int:
        total = sum(seq for seq, _ in (await read_heads()).values())
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(to.open("w", encoding="utf-8")) if to else sys.stdout
            move = stack.enter_context(progress())
            count = 0
            async for event in export_events():
                out.write(json.dumps(event, ensure_ascii=False) + "\n")
                count += 1
                if count % 500 == 0 or count == total:
                    move("events", count / total)
        return count

    try:
        count = at_console(write)
    except OSError as error:
        raise StartupError(f"The file cannot be written: {error.strerror}.") from None
    say(f"{count} events written.")


@ledger_app.command("verify")
def ledger_verify(
    file: Annotated[Path | None, typer.Argument(help="An exported ledger; without it, the database is read.")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The heads that an earlier verification printed with --json, kept outside.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that the ledger is whole: no event changed, gone, doubled or out of order; names the first bad one."""
    kept = _read_checkpoint(checkpoint) if checkpoint else {}
    differences: list[str] = []
    if file is not None:
        report = _verify_file(file, kept)
    else:
        report, differences = at_console(lambda: _verify_database(kept))
    _print_report(report, differences, as_json=as_json, online=file is None)
    if not report.whole or differences:
        sys.exit(1)


def _verify_file(file: Path, kept: Mapping[str, tuple[int, str]]) -> Report:
    verifier = Verifier(kept)
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                event = json.loads(line)
                if not isinstance(event, dict):
                    raise StartupError(f"Line {number} is not an event of a ledger.")
                verifier.take(event)
    except OSError as error:
        raise StartupError(f"The file cannot be read: {error.strerror}.") from None
    except ValueError:
        raise StartupError(
            f"Line {number if 'number' in locals() else 1} is not JSON: this is not an exported ledger, or it is damaged."
        ) from None
    return verifier.finish()


async def _verify_database(kept: Mapping[str, tuple[int, str]]) -> tuple[Report, list[str]]:
    """Everything is read in one snapshot: the answer is exact while others write."""
    return await database.snapshot(lambda: _verify_snapshot(kept))


async def _verify_snapshot(kept: Mapping[str, tuple[int, str]]) -> tuple[Report, list[str]]:
    heads = await read_heads()
    verifier, book = Verifier(kept), replay.empty_book()
    total = sum(seq for seq, _ in heads.values())
    wrong: list[str] = []
    with progress() as move:
        async for event in export_events(until=heads):
            verifier.take(event)
            if not wrong:
                try:
                    replay.fold(book, event)
                except replay.ReplayError as error:
                    wrong.append(f"event {event['seq']} of {event['stream']} does not follow from those before it: {error}")
            if verifier.report.events % 500 == 0:
                move("events", verifier.report.events / max(total, 1))
        move("events", 1.0)
    report = verifier.finish(heads)
    if not wrong:
        wrong = replay.differences(book, await replay.live_book())
    return report, wrong + await stray_events()


def _read_checkpoint(file: Path) -> dict[str, tuple[int, str]]:
    try:
        heads = json.loads(file.read_text(encoding="utf-8"))["heads"]
        return {stream: (int(head["seq"]), str(head["hash"])) for stream, head in heads.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StartupError("This is not a checkpoint: give what `armguard ledger verify --json` printed.") from None


def _print_report(report: Report, differences: list[str], *, as_json: bool, online: bool) -> None:
    heads = {stream: {"seq": seq, "hash": digest} for stream, (seq, digest) in report.heads.items()}
    if as_json:
        faults = [asdict(fault) for fault in report.faults]
        whole = report.whole and not differences
        print(
            json.dumps(
                {"whole": whole, "events": report.events, "faults": faults, "differences": differences, "heads": heads, "limit": LIMIT}
            )
        )
        return
    for fault in report.faults:
        print(f"BROKEN  stream {fault.stream}, event {fault.seq} {fault.event_id}: {fault.what}.")
    for difference in differences[:20]:
        print(f"DIFFERS {difference}.")
    for stream, head in heads.items():
        print(f"{stream:<38} {head['seq']:>8} events, last hash {head['hash']}")
    print(f"{report.events} events read. " + ("The chain is whole." if report.whole else "The chain is broken."))
    if not online:
        print("The tables were not compared: that needs the database.")
    elif report.whole:
        print("The tables do not agree with the ledger." if differences else "The tables agree with the ledger.")
    print(LIMIT)
