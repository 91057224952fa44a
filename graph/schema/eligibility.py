"""Who may draw what: bars from arms, authorizations, qualifications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from graph.commands import eligibility as commands
from graph.errors import BadInput
from graph.resolvers import eligibility as tables
from graph.rules.texts import code
from graph.schema.base import Node, described, follow, follow_one, id_of, node, optional
from graph.schema.inputs import command_of
from graph.schema.items import Item, ItemModel, ItemRefInput, PersonRefInput, item_ref, person_ref
from graph.schema.people import Person, PersonSaved
from graph.schema.refusals import Refused, saved


@node(tables.AUTHORIZATION, "A line of the master authorization list: a person may draw an item, or every item of a nomenclature.")
class Authorization(Node):
    """See the description."""

    valid_from: date = described("The first date on which it is valid, in the arms room's time zone.")
    valid_until: date | None = described("The last date on which it is valid; null without an end.")
    card_number: str | None = described("The number of the weapons card: surrendered for the weapon, given back for it.")
    revoked_at: datetime | None = described("When it was revoked.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="Who may draw.")
    async def person(self) -> Person:
        return await follow_one(self, "person", Person)

    @strawberry.field(description="The nomenclature of which every item may be drawn; null if it is for one item.")
    async def model(self) -> ItemModel | None:
        return await follow(self, "model", ItemModel)

    @strawberry.field(description="The one item that may be drawn.")
    async def item(self) -> Item | None:
        return await follow(self, "item", Item)


@node(tables.QUALIFICATION, "What a person has shown to be able to do.")
class Qualification(Node):
    """See the description."""

    code: str = described("Its code, which a nomenclature can require.")
    qualified_on: date = described("The first date on which it is valid, in the arms room's time zone.")
    expires_on: date | None = described("The last date on which it is valid; null without an end.")
    revoked_at: datetime | None = described("When it was revoked.")
    version: int = described("Counts the changes; give it as `expectedVersion`.")

    @strawberry.field(description="Who has qualified.")
    async def person(self) -> Person:
        return await follow_one(self, "person", Person)


@strawberry.type(description="An authorization as it is now on the list.")
class AuthorizationSaved:
    """The answer of a command about an authorization."""

    authorization: Authorization = described("The authorization.")


@strawberry.type(description="A qualification as it is now on record.")
class QualificationSaved:
    """The answer of a command about a qualification."""

    qualification: Qualification = described("The qualification.")


BarResult = Annotated[PersonSaved | Refused, strawberry.union("BarResult", description="The person, or why nothing was written.")]
AuthorizationResult = Annotated[
    AuthorizationSaved | Refused, strawberry.union("AuthorizationResult", description="The authorization, or why nothing was written.")
]
QualificationResult = Annotated[
    QualificationSaved | Refused, strawberry.union("QualificationResult", description="The qualification, or why nothing was written.")
]


@strawberry.input(description="A bar from arms: the person draws nothing, and returns what they hold.")
class ImposeArmsBarInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    person: PersonRefInput = described("Who is barred.")
    reason: str = described("Why; the counter reads it when the person wants to draw.")
    until: datetime | None = optional("When the bar ends by itself; without it, when it is lifted.")
    expected_version: int | None = optional("Refuse if the person has changed since this version.")


@strawberry.input(description="The end of a bar from arms.")
class LiftArmsBarInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    person: PersonRefInput = described("Who is barred.")
    reason: str = described("Why the bar is lifted.")
    expected_version: int | None = optional("Refuse if the person has changed since this version.")


@strawberry.input(description="A new line of the master authorization list: give either an item or a nomenclature.")
class AuthorizeInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    person: PersonRefInput = described("Who may draw.")
    item: ItemRefInput | None = optional("The one item that may be drawn.")
    model: strawberry.ID | None = optional("The nomenclature of which every item may be drawn.")
    valid_from: date = described("The first date on which it is valid, in the arms room's time zone.")
    valid_until: date | None = optional("The last date on which it is valid.")
    card_number: str | None = optional("The number of the weapons card that is surrendered for each weapon, one at a time.")


@strawberry.input(description="What a person has shown to be able to do.")
class RecordQualificationInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    person: PersonRefInput = described("Who has qualified.")
    code: str = described("The code of the qualification, such as M4-2026.")
    qualified_on: date = described("The first date on which it is valid, in the arms room's time zone.")
    expires_on: date | None = optional("The last date on which it is valid.")


@strawberry.input(description="The end of an authorization or a qualification: it stays on record as revoked.")
class RevokeInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("What is revoked.")
    reason: str = described("Why.")
    expected_version: int | None = optional("Refuse if it has changed since this version.")


async def impose_arms_bar(asked: ImposeArmsBarInput) -> PersonSaved | Refused:
    """Bar a person from arms."""
    answer = await commands.impose_arms_bar(command_of(commands.ImposeArmsBar, asked, person=person_ref(asked.person)))
    return saved(answer, Person, lambda person: PersonSaved(person=person))


async def lift_arms_bar(asked: LiftArmsBarInput) -> PersonSaved | Refused:
    """Lift a bar from arms."""
    answer = await commands.lift_arms_bar(command_of(commands.LiftArmsBar, asked, person=person_ref(asked.person)))
    return saved(answer, Person, lambda person: PersonSaved(person=person))


async def authorize(asked: AuthorizeInput) -> AuthorizationSaved | Refused:
    """Authorize a person."""
    if (asked.item is None) == (asked.model is None):
        raise BadInput("Give either item or model.")
    target: dict[str, Any] = {
        "item": item_ref(asked.item) if asked.item is not None else None,
        "model_id": id_of("ItemModel", asked.model) if asked.model is not None else None,
    }
    answer = await commands.authorize(command_of(commands.Authorize, asked, person=person_ref(asked.person), **target))
    return saved(answer, Authorization, lambda line: AuthorizationSaved(authorization=line))


async def revoke_authorization(asked: RevokeInput) -> AuthorizationSaved | Refused:
    """Revoke an authorization."""
    answer = await commands.revoke_authorization(command_of(commands.Revoke, asked, id=id_of("Authorization", asked.id)))
    return saved(answer, Authorization, lambda line: AuthorizationSaved(authorization=line))


async def record_qualification(asked: RecordQualificationInput) -> QualificationSaved | Refused:
    """Record a qualification."""
    person, cleaned = person_ref(asked.person), code(asked.code)
    answer = await commands.record_qualification(command_of(commands.RecordQualification, asked, person=person, code=cleaned))
    return saved(answer, Qualification, lambda qualification: QualificationSaved(qualification=qualification))


async def revoke_qualification(asked: RevokeInput) -> QualificationSaved | Refused:
    """Revoke a qualification."""
    answer = await commands.revoke_qualification(command_of(commands.Revoke, asked, id=id_of("Qualification", asked.id)))
    return saved(answer, Qualification, lambda qualification: QualificationSaved(qualification=qualification))
