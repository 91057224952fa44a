"""How every command runs: once for each request id, in one transaction, and told to the feed after the commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any
from uuid import UUID

from asyncpg import Record
from tortoise.exceptions import IntegrityError
from uuid_utils.compat import uuid7

from graph import database, feed
from graph.audit.actor import Actor, current_actor
from graph.audit.canonical import canonical_json
from graph.audit.ledger import Sealed, lock_request, requesting
from graph.errors import Forbidden, Refusal, RefusalCode, Refused
from graph.models.accounts import complete_request, completed_request, completion
from graph.words import ActorKind, Role

Ids = dict[str, list[UUID]]

# What a unique constraint means to the person at the counter, when two commands want the same thing at once.
DUPLICATES: dict[str, tuple[RefusalCode, str, str]] = {
    "unit_code_key": (RefusalCode.DUPLICATE_CODE, "There is a unit with this code already.", "code"),
    "armory_code_key": (RefusalCode.DUPLICATE_CODE, "There is an arms room with this code already.", "code"),
    "person_service_number_key_key": (RefusalCode.DUPLICATE_CODE, "There is a person with this service number already.", "serviceNumber"),
    "item_serial": (RefusalCode.DUPLICATE_SERIAL, "There is an item of this manufacturer with this serial already.", "serial"),
    "item_model_nomenclature": (RefusalCode.DUPLICATE_CODE, "There is such a nomenclature of this manufacturer already.", "nomenclature"),
    "tag_code_key": (RefusalCode.DUPLICATE_CODE, "This code has been given out before; a code names one target for ever.", "code"),
    "purpose_code_key": (RefusalCode.DUPLICATE_CODE, "There is a purpose with this code already.", "code"),
    "stock_lot_number": (RefusalCode.DUPLICATE_CODE, "The arms room has this lot of the article already.", "lotNumber"),
    "authorization_card_number": (RefusalCode.DUPLICATE_CODE, "There is a weapons card with this number already.", "cardNumber"),
    "custody_one_card": (RefusalCode.NOT_AUTHORIZED, "The weapons card lies in an arms room for another weapon.", "holder"),
    "confirmation_once": (RefusalCode.STATE_NOT_ALLOWED, "This has been confirmed already.", "receiptNumber"),
    "regularisation_once": (RefusalCode.STATE_NOT_ALLOWED, "This emergency issue has been regularised already.", "receiptNumber"),
    "operation_once": (RefusalCode.DUPLICATE_CODE, "This document is known already.", "document"),
    "account_username_key_key": (RefusalCode.DUPLICATE_CODE, "There is an account with this username already.", "username"),
}


MISMATCH = Refusal(
    RefusalCode.IDEMPOTENCY_MISMATCH,
    "This requestId has been used for another command. Send a new one for a new command.",
    path="requestId",
)


@dataclass(frozen=True)
class Answer:
    """What a command made: the ids of the rows, in the order of its lines, and of the events. The same for a repeated request.

    `proposed`: the row is a proposal that waits for a second person. `planned` says what a dry run would have written, in sentences.
    `shown` are the rows themselves, if they are at hand, with rows that they refer to under the names of their links.
    """

    rows: tuple[UUID, ...]
    events: tuple[UUID, ...]
    repeated: bool = False
    proposed: bool = False
    planned: tuple[str, ...] | None = None
    shown: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of a command, and the events that are told after the commit."""

    answer: Answer
    appended: Sequence[Sealed] = ()


@dataclass(frozen=True)
class Request:
    """A command as it is asked for: whose request, which, and the fingerprint of all that it says."""

    actor_key: str
    id: UUID
    command: str
    digest: bytes

    def again(self, earlier: Record) -> Outcome:
        """The answer that this request had when it succeeded.

        Raises:
            Refused: it was another command then.
        """
        if bytes(earlier["arguments_hash"]) != self.digest:
            raise Refused([MISMATCH])
        stored: Mapping[str, list[str]] = json.loads(earlier["answer"])
        rows, events = tuple(map(UUID, stored["rows"])), tuple(map(UUID, stored["events"]))
        return Outcome(Answer(rows, events, repeated=True, proposed="proposed" in stored))

    def completed(self, answer: Answer) -> dict[str, object]:
        """What is remembered when it has succeeded."""
        said = canonical_json({"rows": answer.rows, "events": answer.events, **({"proposed": True} if answer.proposed else {})})
        return completion(uuid7(), self.actor_key, self.id, self.command, self.digest, said)


def require(*roles: Role) -> Actor:
    """The actor, if one of these roles allows the command; a person at the console may do what any role may.

    Raises:
        Forbidden: no role of the account does.
    """
    actor = current_actor()
    if actor.kind is not ActorKind.CONSOLE and not actor.roles.intersection(roles):
        raise Forbidden("Your account does not have the role for this. It takes " + " or ".join(sorted(role.value for role in roles)) + ".")
    return actor


def requested(command: str, request_id: UUID, arguments: Any) -> Request:
    """The request of the actor for a command with these arguments."""
    return Request(current_actor().key, request_id, command, fingerprint(command, arguments))


def fingerprint(command: str, arguments: Any) -> bytes:
    """The SHA-256 of a command and all that it says."""
    return hashlib.sha256(canonical_json({"command": command, "arguments": fields_of(arguments)}).encode()).digest()


def later(default: Any = None) -> Any:
    """A field that a command was given later: without it, the command is the same as before (INV-19)."""
    return field(default=default, metadata={"later": True})


@cache
def _later_fields(command: type[Any]) -> Mapping[str, Any]:
    return {each.name: each.default for each in fields(command) if each.metadata.get("later")}


def fields_of(value: Any) -> Any:
    """The fields of an input, and of the inputs in it, by their names."""
    if is_dataclass(value) and not isinstance(value, type):
        unsaid = _later_fields(type(value))
        return {name: fields_of(part) for name, part in value.__dict__.items() if name not in unsaid or part != unsaid[name]}
    return list(map(fields_of, value)) if isinstance(value, list | tuple) else value


async def perform(command: str, request_id: UUID, arguments: Any, decide: Callable[[], Awaitable[Sequence[UUID]]]) -> Answer | Refused:
    """Run one command: `decide` locks, gathers, asks the rules and writes, and returns the ids of the rows that it made or changed.

    A request id that the actor has used with success gets the first answer again and nothing is written; with other arguments it is
    refused. A `Refused` raised by `decide` rolls everything back and is returned.
    """
    request = requested(command, request_id, arguments)

    async def work() -> Outcome:
        await lock_request(request.actor_key, request.id)
        earlier = await completed_request(request.actor_key, request.id)
        if earlier is not None:
            return request.again(earlier)
        with requesting(request.id) as appending:
            rows = await decide()
        answer = Answer(tuple(rows), tuple(sealed.event_id for sealed in appending.appended))
        await complete_request(request.completed(answer))
        return Outcome(answer, appending.appended)

    return await carry_out(work)


async def earlier_answer(command: str, request_id: UUID, arguments: Any) -> Answer | Refused | None:
    """What this request was answered, if it has succeeded already: for a command that cannot be checked again once it has."""
    request = requested(command, request_id, arguments)
    earlier = await completed_request(request.actor_key, request.id)
    try:
        return None if earlier is None else request.again(earlier).answer
    except Refused as refused:
        return refused


async def act(write: Callable[[], Awaitable[object]]) -> Answer | Refused:
    """Do something that has no request id, such as a sign-in, in one transaction. It may be begun anew: see `transaction`."""

    async def work() -> Outcome:
        with requesting(None) as appending:
            await write()
        return Outcome(Answer((), tuple(sealed.event_id for sealed in appending.appended)), appending.appended)

    return await carry_out(work)


async def carry_out(work: Callable[[], Awaitable[Outcome]]) -> Answer | Refused:
    """Do a command's work in one transaction, and tell the feed after the commit; a `Refused` rolls everything back and is returned."""
    try:
        outcome = await database.transaction(work, committed=lambda result: feed.announce(result.appended))
    except Refused as refused:
        return refused
    except IntegrityError as error:
        return _duplicate(error)
    return outcome.answer


def _duplicate(error: IntegrityError) -> Refused:
    meaning = DUPLICATES.get(database.broken_constraint(error) or "")
    if meaning is None:
        raise error
    code, message, path = meaning
    return Refused([Refusal(code, message, path=path)])
