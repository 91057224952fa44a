"""What can go wrong, and how it is said.

::

    ArmGuardError                a sentence for a person
    ├── StartupError             the program cannot start; one line, exit code not 0
    ├── BadInput                 the input is not what it must be             BAD_REQUEST
    │   └── UnknownDocument      no known document has this id                PERSISTED_QUERY_NOT_FOUND
    ├── Unauthenticated          nobody is signed in, or no longer            UNAUTHENTICATED
    ├── Forbidden                signed in, but the role does not allow it    FORBIDDEN
    │   └── NotYet               something must be done first; says what
    ├── RateLimited              too often; says when to try again            RATE_LIMITED
    ├── LimitExceeded            more than the server takes in one request    LIMIT_EXCEEDED
    ├── TimedOut                 a read that took longer than it may          TIMEOUT
    ├── Unavailable              the database cannot answer now; try again    UNAVAILABLE
    ├── NoActor                  a write with nobody to answer for it; a fault of ours
    └── Refused                  a rule says no; carries every reason at once

A `Refused` is a business answer: the command wrote nothing, and the client gets the refusals as a result, not as an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from graph.words import Unfinished


class ArmGuardError(Exception):
    """Base of all: its text is one clear sentence for a person."""

    code = "INTERNAL"

    @property
    def extensions(self) -> dict[str, Any]:
        """What a client reads beside the message."""
        return {"code": self.code}


class StartupError(ArmGuardError):
    """The program cannot start."""


class BadInput(ArmGuardError):
    """The input is malformed; says what to send instead."""

    code = "BAD_REQUEST"


class UnknownDocument(BadInput):
    """No document that is known has the id that was asked for. The code is the one that clients of persisted documents look for."""

    code = "PERSISTED_QUERY_NOT_FOUND"


class Unauthenticated(ArmGuardError):
    """Nobody is signed in, or the session or token is no longer valid."""

    code = "UNAUTHENTICATED"


class Forbidden(ArmGuardError):
    """Signed in, but no role of the account allows it."""

    code = "FORBIDDEN"


class NotYet(Forbidden):
    """Signed in, but something must be done first; says what."""

    def __init__(self, unfinished: Unfinished) -> None:
        super().__init__(FIRST[unfinished])
        self.unfinished = unfinished

    @property
    def extensions(self) -> dict[str, Any]:
        """With what must be done, for a program."""
        return {"code": self.code, "reason": self.unfinished.value}


FIRST = {
    Unfinished.PASSWORD_CHANGE_REQUIRED: "Change your password first, by `changePassword`: it was given to you by somebody else.",
    Unfinished.SECOND_FACTOR_REQUIRED: "Set up a second factor first, by `beginSecondFactor`: your role takes one.",
}


class LimitExceeded(ArmGuardError):
    """The request asks for more than the server takes at once."""

    code = "LIMIT_EXCEEDED"


class RateLimited(ArmGuardError):
    """Somebody tries too often; says after how many seconds the next attempt is taken."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    @property
    def extensions(self) -> dict[str, Any]:
        """With the wait, for a program."""
        return {"code": self.code, "retryAfterSeconds": self.retry_after_seconds}


class TimedOut(ArmGuardError):
    """A request that only reads has taken longer than it may. Less can be asked for, or the same again."""

    code = "TIMEOUT"


class Unavailable(ArmGuardError):
    """The database cannot answer now. Nothing was half done: the same request may be sent again."""

    code = "UNAVAILABLE"


class NoActor(ArmGuardError):
    """Something tried to write to the ledger with nobody to answer for it."""


class RefusalCode(StrEnum):
    """Why a command was refused."""

    ITEM_NOT_AVAILABLE = "ITEM_NOT_AVAILABLE"
    ITEM_NOT_ISSUABLE = "ITEM_NOT_ISSUABLE"
    PERSON_NOT_ELIGIBLE = "PERSON_NOT_ELIGIBLE"
    ARMS_BARRED = "ARMS_BARRED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    ARMORY_NOT_OPEN = "ARMORY_NOT_OPEN"
    NOT_AUTHORIZED = "NOT_AUTHORIZED"
    NOT_QUALIFIED = "NOT_QUALIFIED"
    INCOMPATIBLE_STOCK = "INCOMPATIBLE_STOCK"
    INSUFFICIENT_STOCK = "INSUFFICIENT_STOCK"
    OUTSTANDING_STOCK = "OUTSTANDING_STOCK"
    OVER_RETURN = "OVER_RETURN"
    NOT_ISSUED = "NOT_ISSUED"
    HELD_BY_OTHER = "HELD_BY_OTHER"
    DUPLICATE_SERIAL = "DUPLICATE_SERIAL"
    DUPLICATE_CODE = "DUPLICATE_CODE"
    UNKNOWN_CODE = "UNKNOWN_CODE"
    AMBIGUOUS_CODE = "AMBIGUOUS_CODE"
    CODE_REVOKED = "CODE_REVOKED"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    SECOND_PERSON_REQUIRED = "SECOND_PERSON_REQUIRED"
    SAME_PERSON = "SAME_PERSON"
    PROPOSAL_EXPIRED = "PROPOSAL_EXPIRED"
    BACKDATE_REFUSED = "BACKDATE_REFUSED"
    PERSON_HOLDS_ITEMS = "PERSON_HOLDS_ITEMS"
    STATE_NOT_ALLOWED = "STATE_NOT_ALLOWED"
    INVALID_VALUE = "INVALID_VALUE"
    OUT_OF_SCOPE = "OUT_OF_SCOPE"
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"
    SECOND_FACTOR_FAILED = "SECOND_FACTOR_FAILED"
    PIN_FAILED = "PIN_FAILED"


@dataclass(frozen=True)
class Refusal:
    """One reason why a command wrote nothing.

    `line` counts from 0 and is the place in the command's list of items; `path` names the field at fault in the input. The rest are
    the facts behind the message, each null where it has no part in the reason. `held` and `limit` are counts of items, or of
    what is drawn by quantity; `on_hand` is what a lot has. What is `overridable` can be approved by a second person;
    `ground` tells apart reasons with the same code at the same place.
    """

    code: RefusalCode
    message: str
    line: int | None = None
    path: str | None = None
    item_id: UUID | None = None
    holder_id: UUID | None = None
    receipt_number: str | None = None
    since: datetime | None = None
    limit: int | None = None
    held: int | None = None
    on_hand: int | None = None
    overridable: bool = False
    ground: str = ""
    current_version: int | None = None
    changed: tuple[str, ...] = ()


class Refused(ArmGuardError):
    """A rule says no: nothing was written. Carries every reason at once."""

    code = "REFUSED"

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(" ".join(refusal.message for refusal in refusals))
        self.refusals = tuple(refusals)


def refuse(refusals: Sequence[Refusal]) -> None:
    """Raise `Refused` if there is any reason to."""
    if refusals:
        raise Refused(refusals)
