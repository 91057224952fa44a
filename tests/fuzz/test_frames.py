"""Five thousand sequences of frames that are wrong: each socket is closed with the code that says why, and none hangs."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz.frames import Frames, Sequences
from tests.fuzz.target import SEED, SOAK, TIMES, Target, attacked, faults_of, leaks
from tests.fuzz.wire import Line, dialled, upgrade
from tests.world import token_of

SEQUENCES = 5_000 * TIMES


async def outcome(port: int, sent: Frames) -> tuple[str, list[str]]:
    """How it ended, and what is wrong with that."""
    try:
        async with dialled(port, sent.request or upgrade()) as (answer, line):
            if answer.status != 101:
                return str(answer.status), [] if sent.refused and 400 <= answer.status < 500 else [
                    f"status {answer.status} {answer.body!r}"
                ]
            if sent.refused:
                return "accepted", ["accepted"]
            for part in sent.parts:
                line.send(part)
            if sent.cut:
                line.writer.transport.abort()
                return "cut", []
            if not sent.codes:
                await line.finish()
            async with asyncio.timeout(20):
                while await line.read() is not None:
                    pass
            return str(line.closed), list(faults_of_line(line, sent.codes or frozenset({1000})))
    except TimeoutError:
        return "hangs", ["it hangs"]
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        return "broken", [f"{type(error).__name__}: {error}"]


def faults_of_line(line: Line, codes: frozenset[int]) -> Sequence[str]:
    """What is wrong with how a socket was closed, and with what came on it before."""
    faults = [] if line.closed in codes else [f"closed by {line.closed} {line.reason!r} and not by {sorted(codes)}"]
    faults += leaks(line.reason)
    for message in map(json.loads, line.texts):
        match message["type"]:
            case "next":
                faults += faults_of(message["payload"])
            case "error":
                faults += faults_of({"errors": message["payload"]})
            case other:
                faults += [] if other in ("connection_ack", "ping", "pong", "complete") else [f"a message of type {other}"]
    return faults


async def shortest(port: int, sent: Frames) -> Frames:
    """The same with as few parts as are needed for something to be wrong."""
    for number in reversed(range(len(sent.parts))):
        fewer = replace(sent, parts=[*sent.parts[:number], *sent.parts[number + 1 :]])
        if (await outcome(port, fewer))[1]:
            sent = fewer
    return sent


@pytest.mark.once
@pytest.mark.timeout(0 if SOAK else 480)
async def test_wrong_frames_close_their_socket_and_nothing_else(database_url: str, tmp_path: Path) -> None:
    came: Counter[str] = Counter()

    async def one(number: int, target: Target) -> None:
        sent = Sequences(random.Random(f"{SEED} {number}"), token_of("north")).one()
        ended, faults = await outcome(target.port, sent)
        if faults:
            least = await shortest(target.port, sent)
            said = f"frames {number} of ARMGUARD_FUZZ_SEED={SEED!r}, {sent.what}: {faults}"
            raise AssertionError(f"{said}\n{[part[:500] for part in least.parts]}\n{target.server.said()[-3000:]}")
        came[ended] += 1

    async with attacked(database_url, tmp_path / "log", bare=True) as target:
        await target.fuzz(SEQUENCES, lambda number: one(number, target))
    for code in ("1000", "1002", "1007", "1009", "4400", "4401", "4403", "4406", "4409", "4429", "cut"):
        assert came[code] > SEQUENCES // 500, came
