"""Passwords that are taken, and bearer tokens: how they begin, and what is stored of them."""

from __future__ import annotations

import hashlib

from zxcvbn import zxcvbn

from graph.errors import Refusal, RefusalCode

SESSION_PREFIX = "armgs_"
TOKEN_PREFIX = "armg_"  # noqa: S105 - the beginning of a token, not one
SHORTEST_PASSWORD = (
    12  # NIST SP 800-63B-4, section 3.1.1.2, asks for 15 alone and 8 beside a second factor; composition rules are not asked
)
# NIST SP 800-63B-4, section 3.1.1.2: compared with what is commonly used or to be expected; nothing is asked of its composition.
EXPECTED_WORDS = ("armguard", "armory", "arms room")
STRONG_ENOUGH = 3  # of 4: more than 10^8 guesses, by zxcvbn (Wheeler, USENIX Security 2016)
LOOKED_AT = 64  # characters: what is longer is not the weaker for it


def password_refusals(password: str, username: str) -> list[Refusal]:
    """Why this password is not taken: too short, or among the first that somebody would guess."""
    if len(password) < SHORTEST_PASSWORD:
        message = f"A password has at least {SHORTEST_PASSWORD} characters; a sentence is good."
        return [Refusal(RefusalCode.INVALID_VALUE, message, path="password", limit=SHORTEST_PASSWORD)]
    found = zxcvbn(password[:LOOKED_AT], user_inputs=[username, *EXPECTED_WORDS])
    if found["score"] >= STRONG_ENOUGH:
        return []
    why = found["feedback"]["warning"] or "It is among the first that would be tried."
    return [
        Refusal(RefusalCode.INVALID_VALUE, f"This password is easy to guess. {why} A sentence of several words is good.", path="password")
    ]


def token_hash(token: str) -> bytes:
    """What is stored of a bearer token. The token has 256 bits of chance, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()
