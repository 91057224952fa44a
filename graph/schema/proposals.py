"""Commands that wait for a second person."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from graph.commands.overrides import Override
from graph.commands.perform import Answer
from graph.resolvers import proposals as tables
from graph.resolvers.ledger import LEDGER
from graph.resolvers.sources import Made
from graph.rules.texts import text
from graph.schema.armory import Armory
from graph.schema.base import JSON, Node, described, follow_one, node, parsed
from graph.words import ProposalCommand, ProposalState

if TYPE_CHECKING:
    from graph.schema.ledger import LedgerEvent


@node(tables.PROPOSAL, "A command that waits for a second person, or waited: exactly these arguments are approved, or nothing.")
class Proposal(Node):
    """See the description."""

    command: ProposalCommand = described("Which command.")
    state: ProposalState = described("What became of it.")
    expired: bool = described("Whether nobody decided it in time: it is worth nothing then.")
    reason: str = described("Why it should be done although something stands against it.")
    proposed_at: datetime = described("When it was proposed.")
    proposed_by_name: str = described("Who proposed it.")
    expires_at: datetime = described("Until when it can be approved.")
    decided_at: datetime | None = described("When it was decided.")
    decided_by_name: str | None = described("Who decided it: never who proposed it.")
    decision_note: str | None = described("What was said to that.")
    version: int = described("Counts the changes.")

    @strawberry.field(description="What it says, as the ledger has it: every item and person by its own number.")
    def arguments(self) -> JSON:
        return JSON(parsed(self.__dict__["arguments"]))

    @strawberry.field(description="What stands against it and is overridden: code, line and message of each reason.")
    def overridden(self) -> JSON:
        return JSON(parsed(self.__dict__["overridden"]))

    @strawberry.field(description="The arms room whose officers decide it.")
    async def armory(self) -> Armory:
        return await follow_one(self, "armory", Armory)


@strawberry.type(description="Nothing is done yet: an arms room officer, another person, approves it or rejects it.")
class Proposed:
    """The answer of a command that waits for a second person."""

    proposal: Proposal = described("The proposal.")
    events: list[Annotated[LedgerEvent, strawberry.lazy("graph.schema.ledger")]] = described("The ledger's event.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


@strawberry.type(description="Nothing was written: this is what would be, now. Receipt numbers are those that would be next.")
class DryRun:
    """The answer of a dry run."""

    summaries: list[str] = described("What would be written, a sentence for each event.")


@strawberry.input(description="Why a command should be done although something stands against it; a second person decides.")
class OverrideInput:
    """See the description."""

    reason: str = described("Why.")


def override_of(asked: OverrideInput | None) -> Override | None:
    """The override that an input asks for."""
    return Override(text("reason", asked.reason)) if asked is not None else None


def proposed(answer: Answer) -> Proposed:
    """The answer of a command that waits."""
    proposal: Any = Made(tables.PROPOSAL, answer.rows, many=False)
    return Proposed(proposal=proposal, events=cast("Any", Made(LEDGER, answer.events)), repeated=answer.repeated)


def not_yet(answer: Answer) -> Proposed | DryRun | None:
    """The answer of a command that has done nothing yet; None if it has."""
    if answer.planned is not None:
        return DryRun(summaries=list(answer.planned))
    return proposed(answer) if answer.proposed else None
