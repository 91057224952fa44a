"""What GraphiQL's page fills in at every run, and signing in as it does, for tests of what is written for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from graph.demo import password_of
from tests.server import Client, Live

SIGN_IN = "mutation ($u: String!, $p: String!) { signIn(input: {username: $u, password: $p}) { ... on SignedIn { token } } }"


def filled_in(text: str, proposal: str = "") -> str:
    """A document or variables with a fresh UUID for each "NEW-UUID", the time that is to come, and the proposal that waits."""
    text = re.sub(r'"IN-(\d+)-(SECONDS|HOURS)"', lambda found: f'"{_in(int(found[1]), found[2])}"', text)
    text = text.replace('"WAITING-PROPOSAL"', f'"{proposal}"')
    return re.sub('"NEW-UUID"', lambda _: f'"{uuid4()}"', text)


def _in(count: int, unit: str) -> str:
    return (datetime.now(UTC) + timedelta(**{unit.lower(): count})).isoformat()


async def signed_in_as(live: Live, username: str) -> Client:
    """A client of the demo that has signed in."""
    token = (await live.as_(None)(SIGN_IN, u=username, p=password_of(username)))["signIn"]["token"]
    return Client(live.url, token)
