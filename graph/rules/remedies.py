"""What would lift a refusal, in the words of a counter."""

from __future__ import annotations

from graph.errors import Refusal, RefusalCode

REMEDIES: dict[RefusalCode, str] = {
    RefusalCode.ITEM_NOT_AVAILABLE: "Take it back from its holder first (returnItems).",
    RefusalCode.ITEM_NOT_ISSUABLE: "Choose another item, or bring this one into the room, serviceable, for a purpose that it is drawn for.",
    RefusalCode.PERSON_NOT_ELIGIBLE: "The person draws again once the duty status is ACTIVE (changeDutyStatus).",
    RefusalCode.ARMS_BARRED: "The bar ends when it says, or an arms room officer or commander lifts it (liftArmsBar).",
    RefusalCode.LIMIT_EXCEEDED: "Take something back first, ask for less time, or have the policy changed (editArmory).",
    RefusalCode.ARMORY_NOT_OPEN: "An arms room officer opens the arms room (setArmoryState).",
    RefusalCode.NOT_AUTHORIZED: "An arms room officer puts the person on the master authorization list (authorize).",
    RefusalCode.NOT_QUALIFIED: "An arms room officer or commander records the qualification (recordQualification).",
    RefusalCode.INCOMPATIBLE_STOCK: "Draw an article that goes with the nomenclature.",
    RefusalCode.INSUFFICIENT_STOCK: "Ask for less, or receive more first (receiveStock).",
    RefusalCode.OUTSTANDING_STOCK: "Say what became of it: returned, expended or lost; or that all of it has come back (allStockReturned).",
    RefusalCode.OVER_RETURN: "Count again: no more comes back than went out.",
    RefusalCode.SECOND_PERSON_REQUIRED: "Send it again with override: a second person decides.",
    RefusalCode.SAME_PERSON: "Another arms room officer decides it (approveProposal).",
    RefusalCode.PROPOSAL_EXPIRED: "Have it proposed again.",
    RefusalCode.PIN_FAILED: "Type the PIN again, or have a new one set (setPin).",
    RefusalCode.UNKNOWN_CODE: "Scan again, or look the number up.",
    RefusalCode.AMBIGUOUS_CODE: "Scan the tag, or give the id.",
    RefusalCode.CODE_REVOKED: "Print a new tag and assign it (assignTag).",
    RefusalCode.VERSION_CONFLICT: "Read the page again, then decide again.",
    RefusalCode.OUT_OF_SCOPE: "Somebody with that arms room in scope does it.",
}


def remedy(refusal: Refusal) -> str | None:
    """What would lift a refusal; None if only another command would do."""
    lifted_by = REMEDIES.get(refusal.code)
    if lifted_by is None or not refusal.overridable or refusal.code is RefusalCode.SECOND_PERSON_REQUIRED:
        return lifted_by
    return f"{lifted_by} Or a second person approves it: send it again with override."
