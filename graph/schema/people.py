"""People."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from graph.commands import people as commands
from graph.resolvers import people as tables
from graph.schema.armory import Unit
from graph.schema.base import (
    After,
    Before,
    Connection,
    First,
    Last,
    Node,
    described,
    follow_all,
    follow_one,
    id_of,
    node,
    optional,
    pages,
)
from graph.schema.inputs import command_of
from graph.schema.refusals import Refused, saved
from graph.words import DutyStatus, PersonCategory

if TYPE_CHECKING:
    from graph.schema.custody import CustodyRecord
    from graph.schema.eligibility import Authorization, Qualification
    from graph.schema.items import Tag
    from graph.schema.ledger import LedgerEvent


@node(tables.PERSON, "Somebody who draws and returns weapons.")
class Person(Node):
    """See the description."""

    service_number: str = described("The service number as it is written.")
    rank: str = described("The rank, abbreviated.")
    family_name: str = described("The family name.")
    given_names: str = described("The given names.")
    name: str = described("Rank, family name and given names, as a receipt has them.")
    category: PersonCategory = described("What the person is to the organisation.")
    duty_status: DutyStatus = described("Whether the person may draw.")
    arms_bar_reason: str | None = described("Why the person is barred from arms; null if they are not.")
    arms_bar_until: datetime | None = described("When the bar from arms ends by itself; null if it does not.")
    has_pin: bool = described("Whether the person has a PIN to confirm receipts with.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="The person's unit.")
    async def unit(self) -> Unit:
        return await follow_one(self, "unit", Unit)

    @strawberry.field(description="What the person holds now, of the arms rooms in scope, the longest held first.")
    async def holdings(self) -> list[Annotated[CustodyRecord, strawberry.lazy("graph.schema.custody")]]:
        from graph.schema.custody import CustodyRecord

        return await follow_all(self, "holdings", CustodyRecord)

    @strawberry.field(description="The lines of the master authorization list that are not revoked, those of items in scope.")
    async def authorizations(self) -> list[Annotated[Authorization, strawberry.lazy("graph.schema.eligibility")]]:
        from graph.schema.eligibility import Authorization

        return await follow_all(self, "authorizations", Authorization)

    @strawberry.field(description="What the person has qualified for and is not revoked, expired ones too.")
    async def qualifications(self) -> list[Annotated[Qualification, strawberry.lazy("graph.schema.eligibility")]]:
        from graph.schema.eligibility import Qualification

        return await follow_all(self, "qualifications", Qualification)

    @strawberry.field(description="Every custody record of the person in scope, the newest first.")
    async def history(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[CustodyRecord, strawberry.lazy("graph.schema.custody")]]:
        return await pages(self, "history", first, after, last, before)

    @strawberry.field(description="The ledger's events about the person in scope, the newest first.")
    async def events(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated[LedgerEvent, strawberry.lazy("graph.schema.ledger")]]:
        return await pages(self, "events", first, after, last, before)

    @strawberry.field(description="The codes on the person's badges, revoked ones too.")
    async def tags(self) -> list[Annotated[Tag, strawberry.lazy("graph.schema.items")]]:
        from graph.schema.items import Tag

        return await follow_all(self, "tags", Tag)


@strawberry.type(description="A person as they are now on the book.")
class PersonSaved:
    """The answer of a command about a person."""

    person: Person = described("The person.")


PersonResult = Annotated[PersonSaved | Refused, strawberry.union("PersonResult", description="The person, or why nothing was written.")]


@strawberry.input(description="A new person.")
class RegisterPersonInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    service_number: str = described("The service number; unique, in whatever way it is written.")
    rank: str = described("The rank, abbreviated.")
    family_name: str = described("The family name.")
    given_names: str = described("The given names.")
    unit: str = described("The code of the person's unit.")
    category: PersonCategory = strawberry.field(default=PersonCategory.ENLISTED, description="What the person is to the organisation.")


@strawberry.input(description="Changes of a person; what is not given stays.")
class EditPersonInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The person.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")
    service_number: str | None = optional("The service number.")
    rank: str | None = optional("The rank, abbreviated.")
    family_name: str | None = optional("The family name.")
    given_names: str | None = optional("The given names.")
    unit: str | None = optional("The code of the person's unit.")
    category: PersonCategory | None = optional("What the person is to the organisation.")


@strawberry.input(description="A new duty status of a person.")
class ChangeDutyStatusInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The person.")
    duty_status: DutyStatus = described("The duty status from now on.")
    reason: str = described("Why.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")


async def register_person(asked: RegisterPersonInput) -> PersonSaved | Refused:
    """Register a person."""
    answer = await commands.register_person(command_of(commands.RegisterPerson, asked))
    return saved(answer, Person, lambda person: PersonSaved(person=person))


async def edit_person(asked: EditPersonInput) -> PersonSaved | Refused:
    """Edit a person."""
    answer = await commands.edit_person(command_of(commands.EditPerson, asked, person_id=id_of("Person", asked.id)))
    return saved(answer, Person, lambda person: PersonSaved(person=person))


async def change_duty_status(asked: ChangeDutyStatusInput) -> PersonSaved | Refused:
    """Change a person's duty status."""
    answer = await commands.change_duty_status(command_of(commands.ChangeDutyStatus, asked, person_id=id_of("Person", asked.id)))
    return saved(answer, Person, lambda person: PersonSaved(person=person))
