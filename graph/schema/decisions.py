"""What always waits for a second person, and the second person's decision."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import strawberry

from graph import errors
from graph.commands import corrections
from graph.commands import proposals as commands
from graph.commands.perform import Answer
from graph.resolvers.custody import CUSTODY
from graph.resolvers.ledger import LEDGER
from graph.resolvers.proposals import PROPOSAL
from graph.resolvers.sources import Made
from graph.resolvers.stock import STOCK_LOT
from graph.schema.base import described, id_of, optional
from graph.schema.custody import CustodyRecord
from graph.schema.inputs import command_of, lines_of
from graph.schema.items import ItemRefInput, item_ref
from graph.schema.ledger import LedgerEvent
from graph.schema.proposals import OverrideInput, Proposal, Proposed, override_of, proposed
from graph.schema.refusals import Refused, refused
from graph.schema.stock import StockLot


@strawberry.type(description="The proposal is decided, and if it was approved, done.")
class ProposalDecided:
    """The answer of a decision."""

    proposal: Proposal = described("The proposal.")
    records: list[CustodyRecord] = described("The receipts that came of it.")
    lots: list[StockLot] = described("The lots that were set right by it.")
    events: list[LedgerEvent] = described("The ledger's events: for a repeated request the same as the first time.")
    repeated: bool = described("Whether this request was done before, so that nothing was written now.")


DecisionResult = Annotated[
    ProposalDecided | Refused, strawberry.union("DecisionResult", description="What came of the proposal, or why nothing was written.")
]


CorrectResult = Annotated[
    Proposed | Refused, strawberry.union("CorrectResult", description="The proposal that a second person decides, or why there is none.")
]


@strawberry.input(description="Open receipts that were written by mistake: the items never left the room. It waits for a second person.")
class CorrectReceiptsInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    items: list[ItemRefInput] = described("The items whose open receipts are a mistake: 1 to 200.")
    override: OverrideInput | None = optional("Why; without it the correction is refused.")


@strawberry.input(description="The decision of a second person on a proposal.")
class DecideProposalInput:
    """See the description."""

    request_id: UUID = described("A new UUID for this command; the same again for a retry.")
    id: strawberry.ID = described("The proposal.")
    note: str | None = optional("What is to be remembered of the decision.")


async def correct_receipts(asked: CorrectReceiptsInput) -> Proposed | Refused:
    """Propose that receipts are corrected."""
    items = tuple(item_ref(each) for each in lines_of(asked.items))
    answer = await corrections.correct_receipts(corrections.CorrectReceipts(asked.request_id, items, override_of(asked.override)))
    return refused(answer) if isinstance(answer, errors.Refused) else proposed(answer)


async def approve_proposal(asked: DecideProposalInput) -> ProposalDecided | Refused:
    """Approve a proposal."""
    return _decided(await commands.approve_proposal(_command(asked)))


async def reject_proposal(asked: DecideProposalInput) -> ProposalDecided | Refused:
    """Reject a proposal."""
    return _decided(await commands.reject_proposal(_command(asked)))


def _command(asked: DecideProposalInput) -> commands.DecideProposal:
    return command_of(commands.DecideProposal, asked, proposal_id=id_of("Proposal", asked.id))


def _decided(answer: Answer | errors.Refused) -> ProposalDecided | Refused:
    if isinstance(answer, errors.Refused):
        return refused(answer)
    proposal, done = Made(PROPOSAL, answer.rows[:1], many=False), answer.rows[1:]
    made: dict[str, Any] = {"records": Made(CUSTODY, done), "lots": Made(STOCK_LOT, done), "events": Made(LEDGER, answer.events)}
    return ProposalDecided(proposal=proposal, repeated=answer.repeated, **made)  # type: ignore[arg-type]
