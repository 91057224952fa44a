"""When a receipt can be confirmed, and what can be regularised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from graph.errors import Refusal, RefusalCode
from graph.rules.custody import said
from graph.words import CloseReason, ConfirmationStage, IssueType

SHORTEST_PIN, LONGEST_PIN = 6, 12  # digits; short secrets are good where wrong attempts are limited (NIST SP 800-63B-4, section 3.2.2)


def pin_refusals(pin: str) -> list[Refusal]:
    """Why this is no PIN."""
    if pin.isascii() and pin.isdigit() and SHORTEST_PIN <= len(pin) <= LONGEST_PIN and len(set(pin)) > 1:
        return []
    message = f"A PIN has {SHORTEST_PIN} to {LONGEST_PIN} digits, not all the same."
    return [Refusal(RefusalCode.INVALID_VALUE, message, path="pin", limit=LONGEST_PIN)]


@dataclass(frozen=True)
class Receipt:
    """A receipt as it stands under its stream's lock."""

    number: str
    closed_at: datetime | None
    close_reason: CloseReason | None
    issue_type: IssueType


def confirmation_refusals(receipt: Receipt, stage: ConfirmationStage) -> list[Refusal]:
    """An issue is confirmed while the receipt is open, a return when it has closed: never the one after the other."""
    if stage is ConfirmationStage.ISSUE and receipt.closed_at is not None:
        message = f"Receipt {receipt.number} closed at {said(receipt.closed_at)}: its confirmation is void."
        return [Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="stage", receipt_number=receipt.number, since=receipt.closed_at)]
    if stage is ConfirmationStage.RETURN and receipt.close_reason is not CloseReason.RETURNED:
        message = f"The item of receipt {receipt.number} has not come back."
        return [Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="stage", receipt_number=receipt.number)]
    return []


def regularisation_refusals(number: str, issue_type: IssueType) -> list[Refusal]:
    """Only an emergency issue is regularised."""
    if issue_type is IssueType.EMERGENCY:
        return []
    message = f"Receipt {number} is no emergency issue."
    return [Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="receiptNumber", receipt_number=number)]
