"""What an account has open, and what has ended: each can be asked for alone."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.server import Live

READ = """
query ($good: Boolean) {
  sessions(open: $good, first: 10) { totalCount edges { node { open } } }
  apiTokens(good: $good, first: 10) { totalCount edges { node { good } } }
}
"""
REVOKE = "mutation ($i: RevokeApiTokenInput!) { revokeApiToken(input: $i) { __typename } }"


def told(page: Any, name: str) -> list[bool]:
    assert page["totalCount"] == len(page["edges"])
    return [edge["node"][name] for edge in page["edges"]]


async def test_what_is_open_and_what_has_ended_can_be_asked_for_alone(live: Live) -> None:
    north, admin = live.as_("north"), live.as_("admin")
    for good in (True, None):
        found = await north(READ, good=good)
        assert (told(found["sessions"], "open"), told(found["apiTokens"], "good")) == ([True], [True])
    found = await north(READ, good=False)
    assert (told(found["sessions"], "open"), told(found["apiTokens"], "good")) == ([], [])

    await admin(REVOKE, i={"requestId": str(uuid4()), "username": "north", "name": "tests"})
    found = await north(READ, good=False)
    assert told(found["apiTokens"], "good") == [False]
    assert told((await north(READ, good=True))["apiTokens"], "good") == []
    assert told(found["sessions"], "open") == []
