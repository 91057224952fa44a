"""Ten thousand operations made from the schema, over HTTP and sockets, as everybody and nobody: the server is none the worse."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema

from graph.schema.api import sdl
from tests.fuzz.operations import VICTIMS, Operation, operation
from tests.fuzz.target import AT_ONCE, SEED, SOAK, TIMES, Target, attacked, faults_of
from tests.fuzz.wire import TEXT, Caller, dialled, frame, upgrade

SCHEMA = build_schema(sdl())  # as a client has it
OPERATIONS = 10_000 * TIMES
MOMENT = 0.05  # seconds: how long more of a stream is waited for


class Came:
    """What came of the operations: for each root field how often there was data, a refusal, or an error."""

    def __init__(self) -> None:
        roots = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
        self.of = {f"{kind.name}.{name}": Counter[str]() for kind in roots if kind is not None for name in kind.fields}
        self.codes: Counter[str] = Counter()

    def take(self, sent: Operation, answer: dict[str, Any]) -> None:
        """Count an answer."""
        self.codes.update(error["extensions"]["code"] for error in answer.get("errors") or ())
        for key, name in sent.roots.items():
            value = (answer.get("data") or {}).get(key)
            refused = isinstance(value, dict) and value.get("__typename") == "Refused"
            self.of[f"{sent.kind.title()}.{name}"]["error" if value is None else "refused" if refused else "data"] += 1


async def over_http(target: Target, caller: Caller, sent: Operation) -> tuple[int, Any]:
    """The status and the answer of a POST."""
    answer = await caller.post(json.dumps(sent.payload()).encode(), target.headers(sent))
    return answer.status, json.loads(answer.body)


async def over_socket(target: Target, sent: Operation) -> list[dict[str, Any]]:
    """The answers of an operation on a socket: those that come at once; then it is completed, and the socket closed."""
    answers: list[dict[str, Any]] = []
    async with dialled(target.port, upgrade()) as (accepted, line):
        assert accepted.status == 101, accepted
        line.send(frame(TEXT, json.dumps({"type": "connection_init", "payload": target.headers(sent)}).encode()))
        line.send(frame(TEXT, json.dumps({"type": "subscribe", "id": "1", "payload": sent.payload()}).encode()))
        acknowledged = await line.next()
        if acknowledged is None and sent.account in VICTIMS and line.closed == 4403:
            return answers  # it has been lost
        assert json.loads(acknowledged or "null") == {"type": "connection_ack"}, (line.closed, line.reason)
        while (text := await line.next(MOMENT if "subscription" in sent.text else None)) is not None:
            message = json.loads(text)
            match message["type"]:
                case "next":
                    answers.append(message["payload"])
                case "error":
                    answers.append({"errors": message["payload"]})
                    break
                case "complete":
                    break
            if len(answers) >= 3:
                break
        line.send(frame(TEXT, b'{"type": "complete", "id": "1"}'))
        await line.finish()
        assert line.closed in (1000, 4400, 4409), (line.closed, line.reason, line.texts)
    return answers


async def fuzzed(target: Target, count: int) -> Came:
    """Send the operations, and judge every answer."""
    came, callers = Came(), [Caller(target.port) for _ in range(AT_ONCE + 1)]

    async def one(number: int) -> None:
        sent = operation(SEED, number, target.known, SCHEMA)
        caller, faults = callers.pop(), list[str]()
        answers: list[Any] = []
        try:
            for _ in range(2 if number % 20 == 0 else 1):
                if sent.kind == "subscription" or number % 10 == 1:
                    answers += (got := await over_socket(target, sent))
                    faults += [fault for answer in got for fault in faults_of(answer)]
                else:
                    status, answer = await over_http(target, caller, sent)
                    answers.append(answer)
                    faults += faults_of(answer, status=status)
        except Exception as error:
            faults.append(f"{type(error).__name__}: {error}")
        callers.append(caller)
        assert not faults, told(target, sent, number, faults, answers)
        for answer in answers:
            came.take(sent, answer)

    await target.fuzz(count, one)
    for caller in callers:
        await caller.hang_up()
    return came


def told(target: Target, sent: Operation, number: int, faults: list[str], answers: list[Any]) -> str:
    """What is said of a fault: what is needed to see it again."""
    what = f"operation {number} of ARMGUARD_FUZZ_SEED={SEED!r}, as {sent.account}: {faults}"
    return f"{what}\n{json.dumps(sent.payload())}\n{json.dumps(answers)[:4000]}\n{target.server.said()[-4000:]}"


@pytest.mark.timeout(0 if SOAK else 480)
async def test_no_operation_harms_the_server(database_url: str, tmp_path: Path, share: float) -> None:
    async with attacked(database_url, tmp_path / "log") as target:
        came = await fuzzed(target, int(OPERATIONS * share))
    if SOAK:
        print(came.codes, *came.of.items(), sep="\n")  # noqa: T201
    if share < 1:
        return  # of so few not every field is asked rightly
    unanswered = [name for name, each in came.of.items() if not each["data"] + each["refused"]]
    told_of = f"hardly anything right was asked of {unanswered}: their words are missing in tests/fuzz/operations.py"
    assert len(unanswered) <= len(came.of) // 8, told_of
