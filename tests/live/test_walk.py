"""The main job, end to end: sign in, scan, issue, see it arrive, be refused, return."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.server import Live, subscribe
from tests.world import PASSWORD

pytestmark = pytest.mark.once


async def test_a_day_at_the_counter(live: Live) -> None:
    nobody, armorer = live.as_(None), live.as_("north")
    sign_in = 'mutation ($p: String!) { signIn(input: {username: "north", password: $p}) { ... on SignedIn { username roles } } }'
    assert (await nobody(sign_in, p=PASSWORD))["signIn"] == {"username": "north", "roles": ["ARMORER"]}
    scanned = await armorer('{ scan(code: "TAG-M4-001") { ... on Item { serial state } } }')
    assert scanned["scan"] == {"serial": "M4-001", "state": "IN_ROOM"}
    async with live.socket("north") as socket:
        feed = await subscribe(socket, "subscription { custodyFeed { cursor event { type item { serial } person { name } } } }")
        assert (await feed.next())["data"]["custodyFeed"]["event"] is None
        issued = await armorer.issue("S-001", "M4-001", purpose="SENTINEL")
        assert issued["__typename"] == "ItemsIssued"
        event = (await feed.next())["data"]["custodyFeed"]["event"]
        assert event == {"type": "ITEM_ISSUED", "item": {"serial": "M4-001"}, "person": {"name": "SGT Ocampo, Ana"}}
    refused = await armorer.issue("S-002", "M4-001", request_id=str(uuid4()))
    (refusal,) = refused["refusals"]
    assert refusal["code"] == "ITEM_NOT_AVAILABLE"
    assert refusal["holder"]["name"] == "SGT Ocampo, Ana"
    assert refusal["since"] == issued["records"][0]["issuedAt"]
    returned = await armorer.give_back("M4-001")
    assert returned["records"][0]["closeReason"] == "RETURNED"
    assert returned["records"][0]["item"]["state"] == "IN_ROOM"
