"""Bearer tokens: how they begin, and what is stored of them."""

from __future__ import annotations

import hashlib

SESSION_PREFIX = "armgs_"
TOKEN_PREFIX = "armg_"  # noqa: S105 - the beginning of a token, not one
SHORTEST_PASSWORD = (
    12  # NIST SP 800-63B-4, section 3.1.1.2, asks for 15 alone and 8 beside a second factor; composition rules are not asked
)


def token_hash(token: str) -> bytes:
    """What is stored of a bearer token. The token has 256 bits of chance, so a fast hash is enough."""
    return hashlib.sha256(token.encode()).digest()
