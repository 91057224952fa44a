"""What is asked for where nothing is."""

from __future__ import annotations

import pytest

from tests.server import Live

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/GraphQL", 404),
        ("GET", "/static/../app.py", 404),
        ("GET", "/static/nothing.js", 404),
        ("POST", "/healthz", 405),
        ("PUT", "/static/graphiql/index.html", 405),
    ],
)
async def test_who_is_at_the_wrong_place_is_told_so_in_the_form_of_graphql(live: Live, method: str, path: str, status: int) -> None:
    answer = await live.as_(None).http.request(method, path, json={"query": "{ __typename }"})
    assert answer.status_code == status
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "BAD_REQUEST"}
    assert "/graphql" in error["message"]
    assert "x-request-id" in answer.headers
    assert bool(answer.headers.get("allow")) == (status == 405)
