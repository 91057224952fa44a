"""The roots of queries."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

import strawberry

from graph.errors import BadInput, Forbidden
from graph.models.ledger import REGISTRY
from graph.resolvers.boards import look_at_board, read_board
from graph.resolvers.feed import place_of
from graph.resolvers.items import ITEM, Scanned
from graph.resolvers.reading import Listing, PageOf
from graph.resolvers.sources import One, Only
from graph.resolvers.tables import reads_registry
from graph.rules.keys import number_key
from graph.rules.texts import text
from graph.schema.accounts import ManagedAccount, Viewer, viewer_of
from graph.schema.armory import Armory, Unit
from graph.schema.base import NODES, After, Before, Connection, First, Last, Node, connection, id_of, optional, read_node_id
from graph.schema.boards import ArmoryBoard, board_of
from graph.schema.custody import CustodyRecord, IssueCheck, can_issue
from graph.schema.items import Item, ItemModel, ItemRefInput, PersonRefInput, ScanResult
from graph.schema.ledger import LedgerEvent
from graph.schema.operation import READERS, Requires, signed_in
from graph.schema.people import Person
from graph.schema.proposals import Proposal
from graph.schema.purposes import Purpose
from graph.schema.security import SecurityEvent, SecurityFilter
from graph.schema.sessions import Session
from graph.schema.stock import StockLot
from graph.schema.tokens import ApiToken
from graph.schema.words import declare_enum
from graph.words import (
    AccountState,
    CustodyState,
    DutyStatus,
    IssueType,
    ItemCategory,
    ProposalState,
    Role,
    Serviceability,
    StockKind,
    TokenScope,
)

N = TypeVar("N", bound=Node)


class CustodyOrder(StrEnum):
    """Orders of custody records."""

    ISSUED_AT_DESC = "ISSUED_AT_DESC"
    ISSUED_AT_ASC = "ISSUED_AT_ASC"
    DUE_AT_ASC = "DUE_AT_ASC"


class LedgerOrder(StrEnum):
    """Orders of ledger events."""

    SEQ_ASC = "SEQ_ASC"
    SEQ_DESC = "SEQ_DESC"


declare_enum(
    CustodyOrder,
    "How custody records are ordered.",
    {
        "ISSUED_AT_DESC": "The newest first.",
        "ISSUED_AT_ASC": "The oldest first.",
        "DUE_AT_ASC": "The first to be due first; those without a due time last.",
    },
)
declare_enum(
    LedgerOrder,
    "How ledger events are ordered.",
    {"SEQ_ASC": "From the first event on.", "SEQ_DESC": "From the newest event back."},
)


@strawberry.input(description="Which items; what is not given does not matter.")
class ItemFilter:
    """See the description."""

    armory: strawberry.ID | None = optional("On the book of this arms room.")
    model: strawberry.ID | None = optional("Of this nomenclature.")
    state: CustodyState | None = optional("Where it is.")
    serviceability: Serviceability | None = optional("What state it is in.")
    serial_prefix: str | None = optional("Its serial begins so, in whatever way it is written.")


@strawberry.input(description="Which people; what is not given does not matter.")
class PersonFilter:
    """See the description."""

    unit: strawberry.ID | None = optional("In this unit.")
    duty_status: DutyStatus | None = optional("With this duty status.")
    family_name: str | None = optional("With exactly this family name.")
    service_number_prefix: str | None = optional("The service number begins so, in whatever way it is written.")


@strawberry.input(description="Which custody records; what is not given does not matter.")
class CustodyFilter:
    """See the description."""

    open: bool | None = optional("Whether the item is still out.")
    overdue: bool | None = optional("Whether the item is out beyond its due time.")
    awaiting_regularisation: bool | None = optional("Whether it is an emergency issue that no officer has regularised yet.")
    armory: strawberry.ID | None = optional("Issued by this arms room.")
    holder: strawberry.ID | None = optional("In the hands of this person.")
    item: strawberry.ID | None = optional("Of this item.")
    issued_after: datetime | None = optional("Issued at this moment or later.")
    issued_before: datetime | None = optional("Issued before this moment.")


@strawberry.input(description="Which lots of stock; what is not given does not matter.")
class StockFilter:
    """See the description."""

    armory: strawberry.ID | None = optional("Of this arms room.")
    article: str | None = optional("Of this article.")
    kind: StockKind | None = optional("Of this kind.")
    on_hand: bool | None = optional("Whether any of it is in the arms room.")


def reads(description: str) -> Any:
    """A root field that any signed-in account may read, in its scope."""
    return strawberry.field(description=description, extensions=[Requires(*READERS, scope=TokenScope.READ)])


def _id(kind: str, given: strawberry.ID | None) -> Any:
    return id_of(kind, given) if given is not None else None


def _account(given: strawberry.ID | None) -> UUID | None:
    """An account by its id as a name, or as one that is managed: both are of the same row."""
    if given is None:
        return None
    kind, row_id = read_node_id(given)
    return row_id if kind == "Account" else id_of("ManagedAccount", given)


def _prefix(name: str, given: str | None) -> str | None:
    if given is None:
        return None
    return number_key(text(name, given)).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _number(name: str, given: str) -> str:
    return number_key(text(name, given))


def _only(of: type[N], filters: dict[str, Any], order: str) -> N | None:
    return cast("N", Only(of.table, Listing(of.table, filters, order), 2))


def _one(of: type[N], given: strawberry.ID | None) -> N | None:
    return cast("N", One(of.table, _id(of.table.kind, given)))


@strawberry.type(description="What can be read.")
class Query:
    """The roots of queries."""

    @strawberry.field(description="Who is signed in.", extensions=[Requires(*READERS, scope=TokenScope.READ, unfinished=True)])
    async def viewer(self, info: strawberry.Info[Any, Any]) -> Viewer:
        return viewer_of(signed_in(info))

    @reads("Anything by its global id; null when there is none in scope.")
    async def node(self, id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")]) -> Node | None:
        kind, row_id = read_node_id(id)
        return One(NODES[kind].table, row_id)  # type: ignore[return-value]

    @reads("What a scanned code names: a tag, else the serial of an item in scope, else a service number.")
    async def scan(self, code: Annotated[str, strawberry.argument(description="The code as the scanner reads it.")]) -> ScanResult:
        return cast("Item", Scanned(ITEM, text("code", code, longest=256)))

    @strawberry.field(
        description="Whether a person may draw these items now: every reason why not, by the rule of an issue, and what lifts it.",
        extensions=[Requires(Role.ARMORER, Role.ARMS_ROOM_OFFICER, scope=TokenScope.READ)],
    )
    async def can_issue(
        self,
        person: Annotated[PersonRefInput, strawberry.argument(description="Who would draw.")],
        items: Annotated[list[ItemRefInput], strawberry.argument(description="What would be drawn: 1 to 200 items.")],
        purpose: Annotated[str | None, strawberry.argument(description="The code of what it would be drawn for.")] = None,
        issue_type: Annotated[IssueType | None, strawberry.argument(description="On what terms; without it the purpose's.")] = None,
    ) -> IssueCheck:
        return await can_issue(person, items, purpose, issue_type)

    @reads("One item: give either its id or its serial.")
    async def item(
        self,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,
        serial: Annotated[str | None, strawberry.argument(description="Its serial, in whatever way it is written.")] = None,
    ) -> Item | None:
        if (id is None) == (serial is None):
            raise BadInput("Give either id or serial.")
        if serial is not None:
            return _only(Item, {"serial_key": _number("serial", serial)}, "SERIAL")
        return _one(Item, id)

    @reads("Items, by serial.")
    async def items(
        self,
        filter: Annotated[ItemFilter | None, strawberry.argument(description="Which items.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Item]:
        asked = filter or ItemFilter()
        filters = {
            "armory": _id("Armory", asked.armory),
            "model": _id("ItemModel", asked.model),
            "state": asked.state,
            "serviceability": asked.serviceability,
            "serial_prefix": _prefix("serial", asked.serial_prefix),
        }
        return connection(Item, filters, "SERIAL", PageOf(first, after, last, before))

    @reads("One person: give either the id or the service number.")
    async def person(
        self,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The person's id.")] = None,
        service_number: Annotated[str | None, strawberry.argument(description="The service number, in whatever way it is written.")] = None,
    ) -> Person | None:
        if (id is None) == (service_number is None):
            raise BadInput("Give either id or serviceNumber.")
        if service_number is not None:
            return _only(Person, {"service_number_key": _number("service_number", service_number)}, "NAME")
        return _one(Person, id)

    @reads("People, by name.")
    async def people(
        self,
        filter: Annotated[PersonFilter | None, strawberry.argument(description="Which people.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Person]:
        asked = filter or PersonFilter()
        filters = {
            "unit": _id("Unit", asked.unit),
            "duty_status": asked.duty_status,
            "family_name": text("family_name", asked.family_name) if asked.family_name is not None else None,
            "service_number_prefix": _prefix("service_number", asked.service_number_prefix),
        }
        return connection(Person, filters, "NAME", PageOf(first, after, last, before))

    @reads("One arms room in scope: give either its id or its code.")
    async def armory(
        self,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,
        code: Annotated[str | None, strawberry.argument(description="Its code.")] = None,
    ) -> Armory | None:
        if (id is None) == (code is None):
            raise BadInput("Give either id or code.")
        if code is not None:
            return _only(Armory, {"code": text("code", code).upper()}, "CODE")
        return _one(Armory, id)

    @reads("The arms rooms in scope, by code.")
    async def armories(
        self,
        unit: Annotated[strawberry.ID | None, strawberry.argument(description="Of this unit.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Armory]:
        return connection(Armory, {"unit": _id("Unit", unit)}, "CODE", PageOf(first, after, last, before))

    @reads("The units, by code.")
    async def units(self, first: First = None, after: After = None, last: Last = None, before: Before = None) -> Connection[Unit]:
        return connection(Unit, {}, "CODE", PageOf(first, after, last, before))

    @reads("The nomenclatures, by name.")
    async def item_models(
        self,
        category: Annotated[ItemCategory | None, strawberry.argument(description="Of this category.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ItemModel]:
        return connection(ItemModel, {"category": category}, "NOMENCLATURE", PageOf(first, after, last, before))

    @reads("The duty types, by code.")
    async def purposes(self, first: First = None, after: After = None, last: Last = None, before: Before = None) -> Connection[Purpose]:
        return connection(Purpose, {}, "CODE", PageOf(first, after, last, before))

    @reads("One custody record, by the number of its receipt.")
    async def custody(
        self, receipt_number: Annotated[str, strawberry.argument(description="The number of the receipt.")]
    ) -> CustodyRecord | None:
        return _only(CustodyRecord, {"receipt_number": text("receipt_number", receipt_number)}, "ISSUED_AT")

    @reads("Custody records.")
    async def custody_records(
        self,
        filter: Annotated[CustodyFilter | None, strawberry.argument(description="Which records.")] = None,
        order: Annotated[CustodyOrder, strawberry.argument(description="In which order.")] = CustodyOrder.ISSUED_AT_DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CustodyRecord]:
        asked = filter or CustodyFilter()
        filters = {
            "open": asked.open,
            "overdue": asked.overdue,
            "awaiting_regularisation": asked.awaiting_regularisation,
            "armory": _id("Armory", asked.armory),
            "holder": _id("Person", asked.holder),
            "item": _id("Item", asked.item),
            "issued_after": asked.issued_after,
            "issued_before": asked.issued_before,
        }
        name, _, direction = order.value.rpartition("_")
        return connection(CustodyRecord, filters, name, PageOf(first, after, last, before), descending=direction == "DESC")

    @reads("What is out beyond its due time, the longest overdue first.")
    async def overdue(
        self,
        armory: Annotated[strawberry.ID | None, strawberry.argument(description="Issued by this arms room.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[CustodyRecord]:
        return connection(CustodyRecord, {"overdue": True, "armory": _id("Armory", armory)}, "DUE_AT", PageOf(first, after, last, before))

    @reads("Lots of stock, by article.")
    async def stock_lots(
        self,
        filter: Annotated[StockFilter | None, strawberry.argument(description="Which lots.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[StockLot]:
        asked = filter or StockFilter()
        filters = {
            "armory": _id("Armory", asked.armory),
            "article": text("code", asked.article).upper() if asked.article is not None else None,
            "kind": asked.kind,
            "on_hand": asked.on_hand,
        }
        return connection(StockLot, filters, "ARTICLE", PageOf(first, after, last, before))

    @reads("Commands that wait for a second person, or waited, the newest first.")
    async def proposals(
        self,
        state: Annotated[ProposalState | None, strawberry.argument(description="In this state.")] = None,
        waiting: Annotated[bool | None, strawberry.argument(description="Whether it can still be approved.")] = None,
        armory: Annotated[strawberry.ID | None, strawberry.argument(description="Of this arms room.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Proposal]:
        filters = {"state": state, "waiting": waiting, "armory": _id("Armory", armory)}
        return connection(Proposal, filters, "PROPOSED_AT", PageOf(first, after, last, before), descending=True)

    @strawberry.field(description="Accounts, by name.", extensions=[Requires(Role.ADMIN, Role.AUDITOR, scope=TokenScope.ADMIN)])
    async def accounts(
        self,
        username: Annotated[str | None, strawberry.argument(description="With this name, in whatever case.")] = None,
        role: Annotated[Role | None, strawberry.argument(description="With this role.")] = None,
        state: Annotated[AccountState | None, strawberry.argument(description="In this state.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ManagedAccount]:
        key = text("username", username).lower() if username is not None else None
        filters = {"username_key": key, "role": role, "state": state}
        return connection(ManagedAccount, filters, "USERNAME", PageOf(first, after, last, before))

    @strawberry.field(
        description="One's own sign-ins, and for administrators and auditors everybody's, the newest first.",
        extensions=[Requires(*READERS, scope=None)],
    )
    async def sessions(
        self,
        account: Annotated[strawberry.ID | None, strawberry.argument(description="Of this account.")] = None,
        open: Annotated[bool | None, strawberry.argument(description="Whether they go on.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Session]:
        filters = {"account": _account(account), "open": open}
        return connection(Session, filters, "CREATED_AT", PageOf(first, after, last, before), descending=True)

    @strawberry.field(
        description="The API tokens of one's own account, and for administrators and auditors everybody's, the newest first.",
        extensions=[Requires(*READERS, scope=TokenScope.ADMIN)],
    )
    async def api_tokens(
        self,
        account: Annotated[strawberry.ID | None, strawberry.argument(description="Of this account.")] = None,
        good: Annotated[bool | None, strawberry.argument(description="Whether they are good now.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[ApiToken]:
        filters = {"account": _account(account), "good": good}
        return connection(ApiToken, filters, "CREATED_AT", PageOf(first, after, last, before), descending=True)

    @strawberry.field(
        description="What touches who may do what: sign-ins, failures, changes of accounts, tokens and refusals, the newest first.",
        extensions=[Requires(Role.ADMIN, Role.AUDITOR, scope=TokenScope.READ)],
    )
    async def security_events(
        self,
        filter: Annotated[SecurityFilter | None, strawberry.argument(description="Which.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[SecurityEvent]:
        asked = filter or SecurityFilter()
        given = {"name": asked.name, "address": asked.address}
        cleaned = {name: text(name, value) if value is not None else None for name, value in given.items()}
        filters = {**cleaned, "kind": asked.kind, "since": asked.since}
        return connection(SecurityEvent, filters, "AT", PageOf(first, after, last, before), descending=True)

    @reads("The board of an arms room: who holds what, counts, and lots of stock, all at one place in its ledger. Live: `armoryBoard`.")
    async def board(
        self, info: strawberry.Info[Any, Any], armory: Annotated[strawberry.ID, strawberry.argument(description="The arms room.")]
    ) -> ArmoryBoard:
        room = id_of("Armory", armory)
        look_at_board(signed_in(info), room)
        return board_of(await read_board(room))

    @reads(
        "The place in the feed before anything else in this query was read. Subscribe to `custodyFeed(after:)` with it, and no event is "
        "missed; one that came in between may be told although the query has seen what it did."
    )
    async def feed_cursor(self, info: strawberry.Info[Any, Any]) -> str:
        return await place_of(signed_in(info))

    @reads("The ledger of one stream: that of an arms room in scope, or without one the registry's, for those who may read it.")
    async def ledger(
        self,
        info: strawberry.Info[Any, Any],
        armory: Annotated[strawberry.ID | None, strawberry.argument(description="The arms room; without it, the registry.")] = None,
        order: Annotated[LedgerOrder, strawberry.argument(description="In which order.")] = LedgerOrder.SEQ_ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LedgerEvent]:
        if armory is None and not reads_registry(signed_in(info)):
            raise Forbidden("The registry is read by auditors, administrators and arms room officers. Name an arms room.")
        filters = {"stream": REGISTRY if armory is None else str(id_of("Armory", armory))}
        page = PageOf(first, after, last, before)
        return connection(LedgerEvent, filters, "SEQ", page, descending=order is LedgerOrder.SEQ_DESC)
