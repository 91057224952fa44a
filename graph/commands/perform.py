"""How every command runs: once for each request id, in one transaction, and told to the feed after the commit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
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
from graph.models.accounts import complete_request, completed_request
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
    "account_username_key_key": (RefusalCode.DUPLICATE_CODE, "There is an account with this username already.", "username"),
}


@dataclass(frozen=True)
class Answer:
    """What a command made: the ids of the rows, in the order of its lines, and of the events. The same for a repeated request."""

    rows: tuple[UUID, ...]
    events: tuple[UUID, ...]
    repeated: bool = False


@dataclass(frozen=True)
class _Outcome:
    answer: Answer
    appended: Sequence[Sealed]


def require(*roles: Role) -> Actor:
    """The actor, if one of these roles allows the command; a person at the console may do what any role may.

    Raises:
        Forbidden: no role of the account does.
    """
    actor = current_actor()
    if actor.kind is not ActorKind.CONSOLE and not actor.roles.intersection(roles):
        raise Forbidden("Your account does not have the role for this. It takes " + " or ".join(sorted(role.value for role in roles)) + ".")
    return actor


async def perform(command: str, request_id: UUID, arguments: Any, decide: Callable[[], Awaitable[Sequence[UUID]]]) -> Answer | Refused:
    """Run one command: `decide` locks, gathers, asks the rules and writes, and returns the ids of the rows that it made or changed.

    A request id that the actor has used with success gets the first answer again and nothing is written; with other arguments it is
    refused. A `Refused` raised by `decide` rolls everything back and is returned.
    """
    actor = current_actor()
    digest = hashlib.sha256(canonical_json({"command": command, "arguments": asdict(arguments)}).encode()).digest()

    async def work() -> _Outcome:
        await lock_request(actor.key, request_id)
        earlier = await completed_request(actor.key, request_id)
        if earlier is not None:
            return _Outcome(_again(earlier, digest), ())
        with requesting(request_id) as request:
            rows = await decide()
        answer = Answer(tuple(rows), tuple(sealed.event_id for sealed in request.appended))
        said = canonical_json({"rows": answer.rows, "events": answer.events})
        await complete_request(uuid7(), actor.key, request_id, command, digest, said)
        return _Outcome(answer, request.appended)

    try:
        outcome = await database.transaction(work, committed=lambda result: feed.announce(result.appended))
    except Refused as refused:
        return refused
    except IntegrityError as error:
        return _duplicate(error)
    return outcome.answer


def _again(earlier: Record, digest: bytes) -> Answer:
    if bytes(earlier["arguments_hash"]) != digest:
        message = "This requestId has been used for another command. Send a new one for a new command."
        raise Refused([Refusal(RefusalCode.IDEMPOTENCY_MISMATCH, message, path="requestId")])
    stored: Mapping[str, list[str]] = json.loads(earlier["answer"])
    return Answer(tuple(map(UUID, stored["rows"])), tuple(map(UUID, stored["events"])), repeated=True)


def _duplicate(error: IntegrityError) -> Refused:
    meaning = DUPLICATES.get(database.broken_constraint(error) or "")
    if meaning is None:
        raise error
    code, message, path = meaning
    return Refused([Refusal(code, message, path=path)])
