"""The words of an arms room: the states and kinds that models, rules and the schema share.

Each value is what the database stores, what the ledger writes and what a client reads: one spelling everywhere.
"""

from __future__ import annotations

from enum import StrEnum


class ArmoryState(StrEnum):
    """Whether the arms room issues: only an OPEN one does; every one takes back."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"
    CHANGEOVER = "CHANGEOVER"
    LOCKDOWN = "LOCKDOWN"


class DutyStatus(StrEnum):
    """The duty status of a person; only an ACTIVE person draws, anybody returns."""

    ACTIVE = "ACTIVE"
    LEAVE = "LEAVE"
    SUSPENDED = "SUSPENDED"
    INACTIVE = "INACTIVE"
    SEPARATED = "SEPARATED"


class PersonCategory(StrEnum):
    """What a person is to the organisation."""

    OFFICER = "OFFICER"
    ENLISTED = "ENLISTED"
    CIVILIAN = "CIVILIAN"
    SWORN = "SWORN"


class ItemCategory(StrEnum):
    """The category of a nomenclature."""

    PISTOL = "PISTOL"
    RIFLE = "RIFLE"
    CARBINE = "CARBINE"
    SHOTGUN = "SHOTGUN"
    SMG = "SMG"
    MACHINE_GUN = "MACHINE_GUN"
    LAUNCHER = "LAUNCHER"
    OPTIC = "OPTIC"
    NIGHT_VISION = "NIGHT_VISION"
    OTHER = "OTHER"


class Slot(StrEnum):
    """How a person carries an item; SIDEARM and LONG_GUN are limited per person."""

    SIDEARM = "SIDEARM"
    LONG_GUN = "LONG_GUN"
    CREW_SERVED = "CREW_SERVED"
    DEVICE = "DEVICE"


class CustodyState(StrEnum):
    """Where an item is."""

    IN_ROOM = "IN_ROOM"
    ISSUED = "ISSUED"
    IN_MAINTENANCE = "IN_MAINTENANCE"
    IN_TRANSIT = "IN_TRANSIT"
    MISSING = "MISSING"
    LOST = "LOST"
    STOLEN = "STOLEN"
    RECOVERED = "RECOVERED"
    DISPOSED = "DISPOSED"


class Serviceability(StrEnum):
    """What state an item is in, wherever it is."""

    SERVICEABLE = "SERVICEABLE"
    LIMITED = "LIMITED"
    UNSERVICEABLE = "UNSERVICEABLE"
    QUARANTINED = "QUARANTINED"


class IssueType(StrEnum):
    """On what terms an item is out."""

    TEMPORARY = "TEMPORARY"
    HAND_RECEIPT = "HAND_RECEIPT"
    EMERGENCY = "EMERGENCY"


class CloseReason(StrEnum):
    """Why a custody record is closed."""

    RETURNED = "RETURNED"
    TRANSFERRED = "TRANSFERRED"
    LOST = "LOST"
    STOLEN = "STOLEN"
    DESTROYED = "DESTROYED"
    CORRECTED = "CORRECTED"


class StockKind(StrEnum):
    """What is held by quantity."""

    AMMUNITION = "AMMUNITION"
    MAGAZINE = "MAGAZINE"
    ACCESSORY = "ACCESSORY"


class StockAdjustment(StrEnum):
    """Why the book of a lot is set right."""

    RECEIVED = "RECEIVED"
    DISPOSED = "DISPOSED"
    EXPENDED = "EXPENDED"
    LOST = "LOST"
    FOUND = "FOUND"


class ConfirmationStage(StrEnum):
    """What of a receipt its receiver has confirmed with a PIN."""

    ISSUE = "ISSUE"
    RETURN = "RETURN"


class ConfirmationState(StrEnum):
    """Whether the receiver has confirmed the issue; what is pending when the receipt closes is void."""

    NOT_ASKED = "NOT_ASKED"
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    VOID = "VOID"


class ProposalCommand(StrEnum):
    """A command that waits for a second person."""

    ISSUE_ITEMS = "ISSUE_ITEMS"
    TRANSFER_ITEMS = "TRANSFER_ITEMS"
    ADJUST_STOCK = "ADJUST_STOCK"
    CORRECT_RECEIPTS = "CORRECT_RECEIPTS"


class ProposalState(StrEnum):
    """What became of a proposal; one that nobody decided in time stays PENDING and is worth nothing."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class Role(StrEnum):
    """What an account may do. ADMIN has no custody powers, AUDITOR writes nothing."""

    VIEWER = "VIEWER"
    ARMORER = "ARMORER"
    ARMS_ROOM_OFFICER = "ARMS_ROOM_OFFICER"
    COMMANDER = "COMMANDER"
    AUDITOR = "AUDITOR"
    ADMIN = "ADMIN"


class TokenScope(StrEnum):
    """What an API token may be used for, within what its account may do. To approve takes a person who has signed in."""

    READ = "READ"
    FEED = "FEED"
    ISSUE = "ISSUE"
    REGISTER = "REGISTER"
    ADMIN = "ADMIN"


COUNTER = (Role.ARMORER, Role.ARMS_ROOM_OFFICER)
OFFICE = (Role.ARMS_ROOM_OFFICER, Role.ADMIN)
AUTHORITY = (Role.ARMS_ROOM_OFFICER, Role.COMMANDER)


class Unfinished(StrEnum):
    """What somebody who has signed in must do before anything else."""

    PASSWORD_CHANGE_REQUIRED = "PASSWORD_CHANGE_REQUIRED"  # noqa: S105 - a state
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"


class SessionTokenKind(StrEnum):
    """What a token of a sign-in is for."""

    ACCESS = "ACCESS"
    REFRESH = "REFRESH"


class SecurityKind(StrEnum):
    """What a stranger tried."""

    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SIGN_IN_LOCKED = "SIGN_IN_LOCKED"
    SECOND_FACTOR_FAILED = "SECOND_FACTOR_FAILED"
    TOKEN_REFUSED = "TOKEN_REFUSED"  # noqa: S105 - what happened
    REFRESH_REFUSED = "REFRESH_REFUSED"
    PIN_FAILED = "PIN_FAILED"


class AccountState(StrEnum):
    """Whether an account may sign in."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class ActorKind(StrEnum):
    """Whether an account acted through the API, a person at the server's own console, or the server's clock."""

    ACCOUNT = "ACCOUNT"
    CONSOLE = "CONSOLE"
    SYSTEM = "SYSTEM"


class Subject(StrEnum):
    """What a ledger event is about."""

    UNIT = "UNIT"
    ARMORY = "ARMORY"
    PERSON = "PERSON"
    ITEM_MODEL = "ITEM_MODEL"
    ITEM = "ITEM"
    TAG = "TAG"
    PURPOSE = "PURPOSE"
    AUTHORIZATION = "AUTHORIZATION"
    QUALIFICATION = "QUALIFICATION"
    CUSTODY_RECORD = "CUSTODY_RECORD"
    STOCK_LOT = "STOCK_LOT"
    PROPOSAL = "PROPOSAL"
    ACCOUNT = "ACCOUNT"
    OPERATION = "OPERATION"
    IMPORT = "IMPORT"


class EventType(StrEnum):
    """What happened, in the past tense."""

    UNIT_REGISTERED = "UNIT_REGISTERED"
    UNIT_CHANGED = "UNIT_CHANGED"
    ARMORY_REGISTERED = "ARMORY_REGISTERED"
    ARMORY_CHANGED = "ARMORY_CHANGED"
    PERSON_REGISTERED = "PERSON_REGISTERED"
    PERSON_CHANGED = "PERSON_CHANGED"
    DUTY_STATUS_CHANGED = "DUTY_STATUS_CHANGED"
    ARMS_BAR_IMPOSED = "ARMS_BAR_IMPOSED"
    ARMS_BAR_LIFTED = "ARMS_BAR_LIFTED"
    PIN_SET = "PIN_SET"
    AUTHORIZATION_GRANTED = "AUTHORIZATION_GRANTED"
    AUTHORIZATION_REVOKED = "AUTHORIZATION_REVOKED"
    QUALIFICATION_RECORDED = "QUALIFICATION_RECORDED"
    QUALIFICATION_REVOKED = "QUALIFICATION_REVOKED"
    ITEM_MODEL_REGISTERED = "ITEM_MODEL_REGISTERED"
    ITEM_MODEL_CHANGED = "ITEM_MODEL_CHANGED"
    PURPOSE_REGISTERED = "PURPOSE_REGISTERED"
    PURPOSE_CHANGED = "PURPOSE_CHANGED"
    ITEM_REGISTERED = "ITEM_REGISTERED"
    ITEM_CHANGED = "ITEM_CHANGED"
    ITEM_SENT_TO_MAINTENANCE = "ITEM_SENT_TO_MAINTENANCE"
    ITEM_BACK_FROM_MAINTENANCE = "ITEM_BACK_FROM_MAINTENANCE"
    ITEM_ISSUED = "ITEM_ISSUED"
    ITEM_RETURNED = "ITEM_RETURNED"
    ITEM_HANDED_OVER = "ITEM_HANDED_OVER"
    ITEM_TAKEN_OVER = "ITEM_TAKEN_OVER"
    ITEM_SENT_HOME = "ITEM_SENT_HOME"
    ITEM_ARRIVED = "ITEM_ARRIVED"
    DUE_EXTENDED = "DUE_EXTENDED"
    RECEIPT_OVERDUE = "RECEIPT_OVERDUE"
    RECEIPT_CONFIRMED = "RECEIPT_CONFIRMED"
    RECEIPT_CORRECTED = "RECEIPT_CORRECTED"
    EMERGENCY_REGULARISED = "EMERGENCY_REGULARISED"
    STOCK_RECEIVED = "STOCK_RECEIVED"
    STOCK_ADJUSTED = "STOCK_ADJUSTED"
    STOCK_SETTLED = "STOCK_SETTLED"
    PROPOSED = "PROPOSED"
    PROPOSAL_APPROVED = "PROPOSAL_APPROVED"
    PROPOSAL_REJECTED = "PROPOSAL_REJECTED"
    TAG_ASSIGNED = "TAG_ASSIGNED"
    TAG_REVOKED = "TAG_REVOKED"
    ACCOUNT_CREATED = "ACCOUNT_CREATED"
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED"
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    ACCOUNT_ENABLED = "ACCOUNT_ENABLED"
    PASSWORD_SET = "PASSWORD_SET"  # noqa: S105 - the name of an event
    SIGNED_IN = "SIGNED_IN"
    SIGNED_OUT = "SIGNED_OUT"
    SESSION_ENDED = "SESSION_ENDED"
    REFRESH_REUSED = "REFRESH_REUSED"
    SECOND_FACTOR_SET = "SECOND_FACTOR_SET"
    SECOND_FACTOR_REMOVED = "SECOND_FACTOR_REMOVED"
    RECOVERY_CODE_USED = "RECOVERY_CODE_USED"
    ACCESS_REFUSED = "ACCESS_REFUSED"
    TOKEN_CREATED = "TOKEN_CREATED"  # noqa: S105 - the name of an event
    TOKEN_ROTATED = "TOKEN_ROTATED"  # noqa: S105 - the name of an event
    TOKEN_USED = "TOKEN_USED"  # noqa: S105 - the name of an event
    TOKEN_REVOKED = "TOKEN_REVOKED"  # noqa: S105 - the name of an event
    OPERATION_ADDED = "OPERATION_ADDED"
    OPERATION_RETIRED = "OPERATION_RETIRED"
    CUSTODY_IMPORTED = "CUSTODY_IMPORTED"
    LEGACY_IMPORTED = "LEGACY_IMPORTED"


# What of the ledger touches who may do what.
SECURITY_EVENTS = (
    EventType.ACCOUNT_CREATED,
    EventType.ACCOUNT_CHANGED,
    EventType.ACCOUNT_DISABLED,
    EventType.ACCOUNT_ENABLED,
    EventType.PASSWORD_SET,
    EventType.SIGNED_IN,
    EventType.SIGNED_OUT,
    EventType.SESSION_ENDED,
    EventType.REFRESH_REUSED,
    EventType.SECOND_FACTOR_SET,
    EventType.SECOND_FACTOR_REMOVED,
    EventType.RECOVERY_CODE_USED,
    EventType.ACCESS_REFUSED,
    EventType.TOKEN_CREATED,
    EventType.TOKEN_ROTATED,
    EventType.TOKEN_USED,
    EventType.TOKEN_REVOKED,
    EventType.OPERATION_ADDED,
    EventType.OPERATION_RETIRED,
)
SecurityEventKind = StrEnum("SecurityEventKind", {each.name: each.value for each in (*SECURITY_EVENTS, *SecurityKind)})  # type: ignore[misc]
