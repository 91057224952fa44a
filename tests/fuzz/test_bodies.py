"""Five thousand bodies that are none: each is told so, in the form that GraphQL clients read, at the cost of a line in the log."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.bodies import Bodies, Sent
from tests.fuzz.target import SEED, SOAK, TIMES, Target, attacked, faults_of_http
from tests.fuzz.wire import Answer, exchange

BODIES = 5_000 * TIMES
# What uvicorn says, before it hangs up, to what is no HTTP: there is nobody who could read GraphQL's form.
NO_HTTP = b"Invalid HTTP request received."


def is_parsers(answer: Answer) -> bool:
    """Whether the HTTP parser itself has refused it."""
    return answer.status == 400 and answer.body == NO_HTTP and answer.headers.get("connection") == "close"


def faults_of_refusal(sent: Sent, answer: Answer) -> list[str]:
    """What is wrong with an answer to what is no request."""
    if is_parsers(answer):
        return []
    faults = faults_of_http(answer)
    if not (400 <= answer.status < 500 or (sent.odd and answer.status == 200)):
        faults.append(f"status {answer.status}")
    try:
        errors = json.loads(answer.body)["errors"]
        if not all(error["message"] and error["extensions"]["code"] for error in errors):
            faults.append("an error without a message or a code")
    except (ValueError, KeyError, TypeError):
        if not sent.odd:
            faults.append("not in the form of GraphQL")
    return faults


async def answered(port: int, sent: Sent) -> tuple[list[Answer], list[str]]:
    """What came of it, and what is wrong with that."""
    try:
        answers = await exchange(port, sent.parts, sent.due)
    except (asyncio.IncompleteReadError, ConnectionError) as lost:
        return [], [f"{type(lost).__name__}: not as many answers as requests"]
    return answers, [fault for answer in answers for fault in faults_of_refusal(sent, answer)]


def of_refusals(said: str) -> list[dict[str, Any]]:
    """The lines of a log, but for those of operations that were answered."""
    lines = [json.loads(line) for line in said.splitlines()]
    answered = {line["request_id"] for line in lines if line["event"] == "request" and line["status"] == 200}
    return [line for line in lines if line.get("request_id") not in answered]


@pytest.mark.once
@pytest.mark.timeout(0 if SOAK else 480)
async def test_what_is_no_request_is_told_so(database_url: str, tmp_path: Path) -> None:
    came: Counter[str] = Counter()
    requests = 0

    async def one(number: int, target: Target) -> None:
        sent = Bodies(random.Random(f"{SEED} {number}")).one()
        nonlocal requests
        requests += max(sent.due, 1) + sent.split
        answers, faults = await answered(target.port, sent)
        said = f"body {number} of ARMGUARD_FUZZ_SEED={SEED!r}, {sent.what}: {faults}"
        assert not faults, f"{said}\n{b''.join(sent.parts)[:3000]!r}\n{answers}\n{target.server.said()[-3000:]}"
        came.update("by the parser" if is_parsers(answer) else str(answer.status) for answer in answers)

    async with attacked(database_url, tmp_path / "log", bare=True) as target:
        begun = len(target.server.said())
        await target.fuzz(BODIES, lambda number: one(number, target))
        said = target.server.said()[begun:]
        lines = of_refusals(said)
        assert max(Counter(line["request_id"] for line in lines if "request_id" in line).values()) == 1
        assert len(lines) <= requests
    assert min(came["400"], came["413"], came["by the parser"]) > BODIES // 50, came
