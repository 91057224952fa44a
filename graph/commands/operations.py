"""Documents that are known beforehand: made known, and retired."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from graph.audit.ledger import append, database_time
from graph.commands.perform import Answer, perform, require
from graph.commands.rows import change, lock_row, register
from graph.errors import Refusal, RefusalCode, Refused
from graph.models.ledger import REGISTRY
from graph.models.operations import Operation
from graph.words import EventType, Role, Subject


@dataclass(frozen=True)
class AddOperation:
    """A document that clients may ask for by its id. It has been looked at: it fits the schema, and the limits."""

    request_id: UUID
    name: str
    document: str


@dataclass(frozen=True)
class RetireOperation:
    """The known document with this id, which is the SHA-256 of its text."""

    request_id: UUID
    document_id: str


@dataclass(frozen=True)
class Added:
    """What became of a document: its id, and whether it is known only now."""

    document_id: str
    new: bool


def id_of_document(document: str) -> str:
    """The id of a document: the SHA-256 of its text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(document.encode(errors="surrogatepass")).hexdigest()


async def add_operation(command: AddOperation) -> Added | Refused:
    """Make a document known. One that is known stays as it is; one that was retired is known again."""
    require(Role.ADMIN)
    document_id = id_of_document(command.document)
    if await Operation.exists(document_id=document_id, retired_at=None):
        return Added(document_id, new=False)

    async def decide() -> Sequence[UUID]:
        operation = Operation(
            id=uuid7(), document_id=document_id, name=command.name, document=command.document, added_at=await database_time()
        )
        await append(await register(operation, REGISTRY, EventType.OPERATION_ADDED, Subject.OPERATION, {}))
        return [operation.id]

    answer = await perform("addOperation", command.request_id, command, decide)
    return answer if isinstance(answer, Refused) else Added(document_id, new=True)


async def retire_operation(command: RetireOperation) -> Answer | Refused:
    """Retire a document: within seconds no server answers to its id any more."""
    require(Role.ADMIN)

    async def decide() -> Sequence[UUID]:
        known = await Operation.get_or_none(document_id=command.document_id, retired_at=None)
        if known is None:
            message = "No known document has this id. `armguard operations list` shows those that are known."
            raise Refused([Refusal(RefusalCode.UNKNOWN_CODE, message, path="id")])
        operation = await lock_row(Operation, known.id)
        changes = {"retired_at": await database_time()}
        facts = {"name": operation.name, "document_id": operation.document_id}
        await append(await change(operation, changes, REGISTRY, EventType.OPERATION_RETIRED, Subject.OPERATION, facts))
        return [operation.id]

    return await perform("retireOperation", command.request_id, command, decide)
