"""Accounts: which powers go together, which passwords are taken, and what is stored of bearer tokens."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE

from graph.errors import Refusal, RefusalCode
from graph.words import AccountState, Role, TokenScope

SESSION_PREFIX = "armgs_"
REFRESH_PREFIX = "armgr_"
TOKEN_PREFIX = "armg_"  # noqa: S105 - the beginning of a token, not one
SHORTEST_PASSWORD = (
    12  # NIST SP 800-63B-4, section 3.1.1.2, asks for 15 alone and 8 beside a second factor; composition rules are not asked
)
# NIST SP 800-63B-4, section 3.1.1.2: compared with what is commonly used or to be expected; nothing is asked of its composition.
EXPECTED_WORDS = ("armguard", "armory", "arms room")
SHORTEST_WORD = 4  # of a username that adds nothing to a password, however often it stands in it
STRONG_ENOUGH = 3  # of 4: more than 10^8 guesses, by zxcvbn (Wheeler, USENIX Security 2016)
LOOKED_AT = 64  # characters: what is longer is not the weaker for it
WAYS = 4  # to read its signs as letters, such as 4 and @ as A: of a password with more fewer characters are looked at, which takes long
LOOKED_AT_OF_MANY = 16
LONGEST_PASSWORD = 1024  # characters; a longer one is refused, never cut off
USERNAME = re.compile(r"[\w.@+-]+")
LONGEST_USERNAME = 64


def username_refusals(username: str) -> list[Refusal]:
    """Why an account is not given this name: it could be taken for another, or for the console, in the ledger."""
    if USERNAME.fullmatch(username) and unicodedata.normalize("NFKC", username) == username and len(username.lower()) <= LONGEST_USERNAME:
        return []
    message = f"A username is made of letters, digits and . _ @ + -, at most {LONGEST_USERNAME}."
    return [Refusal(RefusalCode.INVALID_VALUE, message, path="username")]


def password_text(password: str) -> str:
    """A password as it is hashed and compared: the same however a keyboard makes its characters (NIST SP 800-63B-4, section 3.1.1.2).

    It takes the square of the length, so that the length is looked at first.
    """
    return unicodedata.normalize("NFKC", password)


def password_refusals(password: str, username: str) -> list[Refusal]:
    """Why this password is not taken: too short, too long, not text, or among the first that somebody would guess."""
    if len(password) > LONGEST_PASSWORD:
        message = f"A password has at most {LONGEST_PASSWORD} characters."
        return [Refusal(RefusalCode.INVALID_VALUE, message, path="password", limit=LONGEST_PASSWORD)]
    password = password_text(password)
    if len(password) < SHORTEST_PASSWORD:
        message = f"A password has at least {SHORTEST_PASSWORD} characters; a sentence is good."
        return [Refusal(RefusalCode.INVALID_VALUE, message, path="password", limit=SHORTEST_PASSWORD)]
    if any("\ud800" <= character <= "\udfff" for character in password):
        return [Refusal(RefusalCode.INVALID_VALUE, "The password has characters that cannot be written.", path="password")]
    apart = re.sub(re.escape(username), "", password, flags=re.IGNORECASE) if len(username) >= SHORTEST_WORD else password
    found = zxcvbn(_looked_at(apart), user_inputs=[username, *EXPECTED_WORDS])
    if found["score"] >= STRONG_ENOUGH:
        return []
    why = found["feedback"]["warning"] or "It is among the first that would be tried."
    return [
        Refusal(RefusalCode.INVALID_VALUE, f"This password is easy to guess. {why} A sentence of several words is good.", path="password")
    ]


def _looked_at(password: str) -> str:
    """The beginning of a password: as much as is looked at in some hundredths of a second, whatever it is made of."""
    signs = frozenset(password[:LOOKED_AT])
    ways = math.prod(max(1, len(signs.intersection(read_as))) for read_as in L33T_TABLE.values())
    return password[: LOOKED_AT if ways <= WAYS else LOOKED_AT_OF_MANY]


def code_key(code: str) -> str:
    """A code of an app or from a list as it is compared: however it is written."""
    return "".join(character for character in code.upper() if character.isalnum())


def token_hash(token: str) -> bytes:
    """What is stored of a bearer token. The token has 256 bits of chance, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()


def own_password(*, own: bool) -> list[Refusal]:
    """Why an administrator does not set a password like any other: it is the administrator's own."""
    message = "This is your own account: change your password with `changePassword`."
    return [Refusal(RefusalCode.SAME_PERSON, message, path="username")] if own else []


# With a token for one of these a program acts in the account's name: only who answers for that name makes one.
WRITING = frozenset({TokenScope.ISSUE, TokenScope.REGISTER, TokenScope.ADMIN})
APART = frozenset({Role.ARMORER, Role.ARMS_ROOM_OFFICER, Role.COMMANDER})


@dataclass(frozen=True)
class Change:
    """What would become of an account, and what it was. `own`: it is the actor's; `other_admins` may sign in beside it."""

    roles: Sequence[Role]
    username: str = ""
    roles_before: Sequence[Role] = ()
    state: AccountState = AccountState.ACTIVE
    state_before: AccountState = AccountState.ACTIVE
    own: bool = False
    of_scope: bool = False
    other_admins: int = 1
    has_password: bool = True


def account_refusals(change: Change) -> list[Refusal]:
    """Why an account is not made or changed so: powers that must lie in several hands stay apart (NIST SP 800-53, AC-5)."""
    return [*_roles_apart(change), *_own_hands_off(change), *_an_admin_left(change), *_state_refusals(change)]


def external_refusals(change: Change) -> list[Refusal]:
    """Why the roles that come from elsewhere are not taken. None at all are: then the account may do nothing."""
    return [*(_roles_apart(change) if change.roles else ()), *_an_admin_left(change)]


def password_elsewhere(username: str, issuer: str | None) -> list[Refusal]:
    """An account that signs in elsewhere has no password here."""
    message = f"{username} signs in at {issuer} and has no password here. Disable the account to keep it out."
    return [Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="username")] if issuer is not None else []


def rights_elsewhere(username: str, decided: Sequence[str]) -> list[Refusal]:
    """What the claims of a sign-in elsewhere decide is not changed here: the next token would undo it."""
    message = f"This follows what the organisation's sign-in says of {username}: change it there, or disable the account."
    paths = {"all_armories": "allArmories"}
    return [Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path=paths.get(name, name)) for name in decided]


def _roles_apart(change: Change) -> Iterator[Refusal]:
    roles = frozenset(change.roles)
    if not roles:
        yield Refusal(RefusalCode.INVALID_VALUE, "An account has at least one role.", path="roles")
    if roles == frozenset(change.roles_before):  # one of an earlier time can still be disabled
        return
    if Role.ADMIN in roles and roles & APART:
        yield Refusal(RefusalCode.INVALID_VALUE, "An administrator has no custody powers: use two accounts.", path="roles")
    if Role.AUDITOR in roles and roles & (APART | {Role.ADMIN}):
        yield Refusal(RefusalCode.INVALID_VALUE, "An auditor writes nothing: use two accounts.", path="roles")


def _own_hands_off(change: Change) -> Iterator[Refusal]:
    if change.own and (set(change.roles) != set(change.roles_before) or change.of_scope):
        yield Refusal(RefusalCode.SAME_PERSON, "Nobody gives themselves roles or scope: another administrator does.", path="username")


def _an_admin_left(change: Change) -> Iterator[Refusal]:
    was = Role.ADMIN in change.roles_before and change.state_before is AccountState.ACTIVE
    if was and not change.other_admins and (Role.ADMIN not in change.roles or change.state is not AccountState.ACTIVE):
        message = f"{change.username} is the last administrator who can sign in: make another one first."
        yield Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="username")


def _state_refusals(change: Change) -> Iterator[Refusal]:
    if change.state is AccountState.DISABLED and change.state_before is AccountState.DISABLED:
        yield Refusal(RefusalCode.STATE_NOT_ALLOWED, f"The account {change.username} is disabled already.", path="username")
    if change.state is AccountState.ACTIVE and change.state_before is AccountState.DISABLED and not change.has_password:
        message = f"The account {change.username} has no password yet: give it one, which enables it."
        yield Refusal(RefusalCode.STATE_NOT_ALLOWED, message, path="username")
