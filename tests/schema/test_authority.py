"""Who may ask and do what: every root field of the schema, for every role and for nobody, over every way in.

The table below is written by hand from what the roles are for; what the schema declares is held against it, and then the server is asked.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    get_named_type,
    is_leaf_type,
)

from graph.audit.actor import acting, console_actor
from graph.commands import tokens
from graph.schema.api import sdl
from graph.schema.mutation import Mutation
from graph.schema.operation import Open, Requires, check_roots, declared
from graph.words import Role, TokenScope
from tests.server import Live
from tests.world import ACCOUNTS, PASSWORD

V, AR, OF, CO, AU, AD = Role.VIEWER, Role.ARMORER, Role.ARMS_ROOM_OFFICER, Role.COMMANDER, Role.AUDITOR, Role.ADMIN
EVERY_ROLE = {V, AR, OF, CO, AU, AD}
READ, FEED, ISSUE, REGISTER, ADMIN = TokenScope.READ, TokenScope.FEED, TokenScope.ISSUE, TokenScope.REGISTER, TokenScope.ADMIN
Need = tuple[set[Role], TokenScope | None]
Requests = list[tuple[str, str, dict[str, Any]]]
SIGN_IN = """
mutation($username: String!, $password: String!) {
  signIn(input: {username: $username, password: $password}) { ... on SignedIn { token } }
}
"""

NOBODY = {"signIn", "refresh"}
NEEDS: dict[str, Need] = {
    # what is to be seen of the arms rooms in scope
    **dict.fromkeys(
        (
            *("viewer", "node", "scan", "item", "items", "person", "people", "armory", "armories", "units", "itemModels", "purposes"),
            *("custody", "custodyRecords", "overdue", "stockLots", "proposals", "ledger", "feedCursor", "board"),
        ),
        (EVERY_ROLE, READ),
    ),
    **dict.fromkeys(("custodyFeed", "overdueFeed", "proposalFeed", "armoryBoard", "sensitiveItemsStatus"), (EVERY_ROLE, FEED)),
    # the counter: an armorer's hand, or an officer's
    "canIssue": ({AR, OF}, READ),
    **dict.fromkeys(
        (
            *("issueItems", "returnItems", "transferItems", "returnItemsElsewhere", "receiveItems", "extendDue", "settleStock"),
            *("correctReceipts", "confirmReceipt"),
        ),
        ({AR, OF}, ISSUE),
    ),
    # the books
    **dict.fromkeys(
        (
            *("receiveStock", "adjustStock", "setPin", "registerPerson", "editPerson", "registerItemModel", "editItemModel"),
            *("registerItem", "editItem", "sendToMaintenance", "returnFromMaintenance", "assignTag", "revokeTag"),
        ),
        ({AR, OF}, REGISTER),
    ),
    # what takes an officer: to authorize, to close the room; and what a program never does: to be the second person
    **dict.fromkeys(("authorize", "revokeAuthorization", "setArmoryState"), ({OF}, REGISTER)),
    **dict.fromkeys(("approveProposal", "rejectProposal", "regulariseEmergency"), ({OF}, None)),
    # command
    **dict.fromkeys(
        ("changeDutyStatus", "imposeArmsBar", "liftArmsBar", "recordQualification", "revokeQualification"), ({OF, CO}, REGISTER)
    ),
    # policy
    **dict.fromkeys(("registerUnit", "editUnit", "registerArmory", "editArmory", "registerPurpose", "editPurpose"), ({OF, AD}, REGISTER)),
    # one's own sign-in, which is a person's
    **dict.fromkeys(
        ("sessions", "signOut", "endSession", "changePassword", "beginSecondFactor", "confirmSecondFactor"), (EVERY_ROLE, None)
    ),
    # the tokens of one's own account; an administrator has a hand in those of others, see tests/commands/test_tokens.py
    **dict.fromkeys(("createApiToken", "rotateApiToken"), (EVERY_ROLE, None)),
    **dict.fromkeys(("apiTokens", "revokeApiToken"), (EVERY_ROLE, ADMIN)),
    # accounts
    **dict.fromkeys(
        ("createAccount", "changeAccount", "disableAccount", "enableAccount", "endSessions"),
        ({AD}, ADMIN),
    ),
    **dict.fromkeys(("resetPassword", "removeSecondFactor"), ({AD}, None)),
    "accounts": ({AU, AD}, ADMIN),
    "securityEvents": ({AU, AD}, READ),
    "securityFeed": ({AU, AD}, FEED),
}


def values(of: GraphQLArgument | GraphQLInputField) -> Any:
    """What a client who knows only the schema gives for an argument."""
    kind = of.type
    if not isinstance(kind, GraphQLNonNull):
        return None
    kind = kind.of_type
    if isinstance(kind, GraphQLList):
        return [values(GraphQLInputField(kind.of_type))]
    if isinstance(kind, GraphQLInputObjectType):
        if kind.is_one_of:
            name, field = next(iter(kind.fields.items()))
            return {name: values(GraphQLInputField(GraphQLNonNull(field.type)))}
        given = {name: values(field) for name, field in kind.fields.items()}
        return {name: value for name, value in given.items() if value is not None}
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    examples = {"Int": 1, "Boolean": False, "UUID": str(uuid4()), "DateTime": "2026-01-01T00:00:00Z", "Date": "2026-01-01"}
    return examples.get(kind.name, "x")


def asked(root: str, name: str, field: GraphQLField, armory: str, username: str) -> dict[str, Any]:
    """A request for one root field."""
    given = {key: values(argument) for key, argument in field.args.items()}
    given = {key: value for key, value in given.items() if value is not None}
    if name == "ledger":
        given["armory"] = armory  # without one it is the registry, which is for those whose scope is everything
    if name in ("createApiToken", "revokeApiToken"):
        given["input"]["username"] = username  # whose tokens those of others are, is asked elsewhere
    variables = ", ".join(f"${key}: {field.args[key].type}" for key in given)
    arguments = ", ".join(f"{key}: ${key}" for key in given)
    selection = "" if is_leaf_type(get_named_type(field.type)) else " { __typename }"
    query = f"{root}{f'({variables})' if variables else ''} {{ {name}{f'({arguments})' if arguments else ''}{selection} }}"
    return {"query": query, "variables": given}


def roots(schema: GraphQLSchema, armory: str = "x", username: str = "x") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every root field with its request; what ends one's own sign-in comes last."""
    kinds = (("query", schema.query_type), ("mutation", schema.mutation_type), ("subscription", schema.subscription_type))
    for root, of in kinds:
        assert of is not None
        for name, field in of.fields.items():
            if name != "signOut":
                yield root, name, asked(root, name, field, armory, username)
    yield "mutation", "signOut", {"query": "mutation { signOut { __typename } }"}


async def schema_of(live: Live) -> GraphQLSchema:
    """The schema as a client learns it."""
    answer = await live.as_("admin").answer(get_introspection_query(one_of=True))
    return build_client_schema(answer["data"])


def expected(name: str, roles: set[Role] | None, scope: TokenScope | None = None, *, token: bool = False) -> str | None:
    """What is said to somebody who may not; None if they may."""
    if name in NOBODY:
        return None
    if roles is None:
        return "UNAUTHENTICATED"
    may, wanted = NEEDS[name]
    return None if may & roles and (not token or (wanted is not None and wanted is scope)) else "FORBIDDEN"


def said(answer: dict[str, Any]) -> str | None:
    """UNAUTHENTICATED or FORBIDDEN, if that is the answer. Whatever else is said is said to somebody who may ask."""
    (code,) = {error["extensions"]["code"] for error in answer.get("errors") or ()} or {None}
    assert code != "INTERNAL", answer
    return code if code in ("UNAUTHENTICATED", "FORBIDDEN") else None


async def over_http(live: Live, token: str | None, requests: Requests) -> AsyncIterator[tuple[str, Any]]:
    """What each is answered over HTTP, which has no streams."""
    client = live.as_(None)
    if token:
        client.http.headers["authorization"] = f"Bearer {token}"
    for root, name, request in requests:
        if root != "subscription":
            response = await client.http.post("/graphql", json=request)
            assert response.status_code == 200, (name, response.text)
            yield name, response.json()


async def over_a_socket(live: Live, token: str | None, requests: Requests) -> AsyncIterator[tuple[str, Any]]:
    """What each is answered first over a socket."""
    async with live.socket(None, token) as connection:
        for number, (root, name, request) in enumerate(requests):
            await connection.send(json.dumps({"id": str(number), "type": "subscribe", "payload": request}))
            while (message := json.loads(await connection.recv()))["id"] != str(number):
                pass  # what comes later of those before: that they end, or what happens
            yield name, message["payload"] if message["type"] == "next" else {"errors": message["payload"]}
            if root == "subscription" and message["type"] == "next":
                await connection.send(json.dumps({"id": str(number), "type": "complete"}))
            elif message["type"] == "next":
                assert json.loads(await connection.recv())["type"] == "complete"


async def as_events(live: Live, token: str | None, requests: Requests) -> AsyncIterator[tuple[str, Any]]:
    """What each is answered first as a stream of events."""
    headers = {"accept": "text/event-stream", **({"authorization": f"Bearer {token}"} if token else {})}
    client = live.as_(None).http
    for root, name, request in requests:
        async with client.stream("POST", "/graphql", json=request, headers=headers) as response:
            assert response.status_code == 200, (name, await response.aread())
            told = (line.removeprefix("data:") async for line in response.aiter_lines() if line.startswith("data: {"))
            yield name, json.loads(await anext(told))
            if root != "subscription":
                assert [more async for more in told] == []


WAYS: tuple[Any, ...] = (over_http, over_a_socket, as_events)


# ------------------------------------------------------------------------------------------------------------------------ what is declared


def test_every_root_field_is_in_the_table(client_schema: GraphQLSchema) -> None:
    """A new field comes with a line here."""
    assert {name for _, name, _ in roots(client_schema)} == NEEDS.keys() | NOBODY


def test_administrators_have_no_custody_powers() -> None:
    for name, (roles, scope) in NEEDS.items():
        if scope is ISSUE or (AR in roles and roles != EVERY_ROLE):
            assert AD not in roles, name
            assert AU not in roles, name


def test_the_schema_says_what_each_field_needs(client_schema: GraphQLSchema) -> None:
    kinds = (client_schema.query_type, client_schema.mutation_type, client_schema.subscription_type)
    for name, field in chain.from_iterable(kind.fields.items() for kind in kinds if kind is not None):
        if name in NOBODY:
            assert field.description.endswith("Needs nobody to be signed in."), name
            continue
        roles, scope = NEEDS[name]
        who = "any role" if roles == EVERY_ROLE else " or ".join(role.value for role in Role if role in roles)
        program = f"of an API token, {scope.value}" if scope else "no API token"
        assert field.description.endswith(f"Needs {who}; {program}."), name


def test_a_root_field_that_does_not_say_what_it_needs_is_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    check_roots(Mutation)
    field = next(each for each in Mutation.__strawberry_definition__.fields if each.python_name == "issue_items")  # type: ignore[attr-defined]
    assert isinstance(declared(field), Requires)
    monkeypatch.setattr(field, "extensions", [each for each in field.extensions if not isinstance(each, Requires | Open)])
    with pytest.raises(TypeError, match=r"Mutation\.issue_items"):
        check_roots(Mutation)


# ------------------------------------------------------------------------------------------------------------------------ what is answered


async def signed_in(live: Live, username: str | None) -> str | None:
    """The token of a new sign-in: what signs out ends no other."""
    if username is None:
        return None
    answer = await live.as_(None)(SIGN_IN, username=username, password=PASSWORD)
    token: str = answer["signIn"]["token"]
    return token


@pytest.mark.parametrize("username", [None, "viewer", "north", "officer", "commander", "auditor", "admin"])
async def test_everybody_may_do_what_their_role_is_for_and_nothing_else(live: Live, username: str | None) -> None:
    requests = list(roots(await schema_of(live), username=username or "x"))
    roles, seen = set(ACCOUNTS[username][0]) if username else None, set()
    for way in WAYS:
        answered = [(name, said(answer)) async for name, answer in way(live, await signed_in(live, username), requests)]
        assert answered == [(name, expected(name, roles)) for name, _ in answered], way.__name__
        seen |= {(way, name) for name, _ in answered}
    assert {name for _, name in seen} == NEEDS.keys() | NOBODY


@pytest.mark.parametrize("username", ["viewer", "officer", "admin"])
async def test_an_api_token_does_only_what_it_is_for(live: Live, username: str) -> None:
    requests, roles = list(roots(await schema_of(live), username=username)), set(ACCOUNTS[username][0])
    for scope in TokenScope:
        with acting(console_actor("tests")):
            made = await tokens.create_token(tokens.CreateToken(uuid4(), username, "narrow", scopes=(scope,)))
        assert isinstance(made, tokens.MadeToken)
        for way in WAYS:
            async for name, answer in way(live, made.token, requests):
                assert said(answer) == expected(name, roles, scope, token=True), (scope, name)


@pytest.fixture(scope="module")
def client_schema() -> GraphQLSchema:
    """The schema as it is published."""
    return build_schema(sdl())
