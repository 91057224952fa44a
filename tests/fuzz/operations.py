"""Operations made from the schema itself: right ones, and ones that are wrong in one or two places.

Whatever the schema has is asked for: a new field needs nothing here, unless it wants a word that nobody would guess (`WORDS`). All that
is drawn comes from the random numbers of a seed, so the same seed and world make the same operation.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

from tests.fuzz.values import CURSORS, DATES, IDS, MOMENTS, NUMBERS, SIZES, STRAY, TEXTS, UUIDS
from tests.schema.queries import Known, Made
from tests.world import ACCOUNTS, PASSWORD

# The one place that says what is not done by just anybody: what ends tokens, sessions or accounts is done only by the accounts that are
# there for it, and only to those that may be lost (`Known.ids["Account"]` and the usernames below name no other).
MANAGERS = tuple(f"manager.{number}" for number in range(4))
VICTIMS = tuple(f"victim.{number}" for number in range(16))
OF_ACCOUNTS = re.compile("sign|refresh|password|session|token|factor|recover|account|role|scope", re.IGNORECASE)
OF_ONESELF = re.compile("^sign|refresh|changePassword|(begin|confirm)SecondFactor")

ASKERS = (*ACCOUNTS, None)
COMMANDERS = (*("north", "officer") * 6, *("south", "north.two") * 2, *ASKERS)

# Costly or far-reaching, and so tried less often than the others.
RARELY = {
    **dict.fromkeys(("signIn", "changePassword", "resetPassword", "createAccount", "beginSecondFactor", "setPin", "confirmReceipt"), 1),
    **dict.fromkeys(("setArmoryState", "imposeArmsBar", "signOut", "endSession", "endSessions", "disableAccount"), 2),
    **dict.fromkeys(("editArmory", "revokeApiToken", "changeAccount"), 3),
}
OTHERWISE = 8

ROOMS, PEOPLE = ("NORTH", "SOUTH"), tuple(f"S-{number:03}" for number in range(1, 46))
SERIALS = tuple(f"{kind}-{number:03}" for kind in ("M4", "G17", "M500", "PVS") for number in (*range(1, 11), *range(101, 106)))
ARTICLES = ("9MM-BALL", "9MM-BALL", "MAG-G17", "CHEM-LIGHT")
WORDS: dict[str, tuple[Any, ...]] = {
    "armory": ROOMS,
    "unit": ("WING", "N-SQ", "S-SQ"),
    "parent": ("WING", "N-SQ"),
    "purpose": ("SENTINEL", "GATE", "HONOR_GUARD"),
    "article": ARTICLES,
    "lotNumber": ("L-1", "1", "L-2", "L-3"),
    "serviceNumber": PEOPLE,
    "badge": tuple(f"BADGE-{number}" for number in PEOPLE),
    "serial": SERIALS,
    "serialPrefix": ("M4", "PVS-0", "m4-"),
    "tag": ("TAG-M4-001", "TAG-PVS-001", "TAG-M500-001", "TAG-G17-001", "TAG-M4-101"),
    "receiptNumber": tuple(f"NORTH-{number:06}" for number in range(1, 40)),
    "timezone": ("Asia/Manila", "UTC", "Europe/Berlin", "Mars/Olympus", "Asia/../UTC", "posixrules"),
    "pin": ("482913", "482913", "739184", "1234", "000000"),
    "username": VICTIMS,
    "password": (PASSWORD, PASSWORD, "not the password of anybody"),
    "currentPassword": (PASSWORD,),
    "newPassword": (PASSWORD, "another sentence that nobody guesses", "123456789012", "short"),
    "dodic": ("A363", "A059", "AA"),
    "dutyStatus": ("ACTIVE", "ACTIVE", "ACTIVE", "LEAVE", "SUSPENDED", "SEPARATED", "INACTIVE"),
    "state": ("OPEN", "OPEN", "OPEN", "OPEN", "CLOSED", "LOCKDOWN", "CHANGEOVER"),
}
# Percent: how often what need not be given is given; otherwise a third of the time.
GIVEN = {
    **dict.fromkeys(("article", "lotNumber", "kind", "name", "override", "allStockReturned", "rack", "item"), 85),
    **dict.fromkeys(("dryRun", "expectedVersion", "effectiveAt", "handedOverBy", "lot", "authorizationRequired"), 8),
    **dict.fromkeys(("qualificationRequired", "confirmationRequired", "sidearmLimit", "longGunLimit"), 8),
    **dict.fromkeys(("stock", "purpose", "issueType", "broughtBy", "dueAt", "condition", "requiredQualification"), 15),
}
# What names the same thing, and so is given one or the other.
WAYS = (
    (("armory", "article", "lotNumber"), ("lot",)),
    (("article",), ("article", "lotNumber"), ("lot",)),
    (("id",), ("serial",), ("serviceNumber",), ("code",)),
    (("item",), ("person",)),
    (("item",), ("model",)),
    (("item",), ("receiptNumber",)),
)
KINDS = {"session": "Session", "token": "ApiToken", "model": "ItemModel", "holder": "Person", "lot": "StockLot", "fits": "ItemModel"}

TURNS = 4  # how often in a row a document is sent
UUID_LIKE = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|\.\.\.|\S')


class Word(str):
    """A value that a document has without quotes: one of an enum's."""

    __slots__ = ()


@dataclass
class Operation:
    """An operation as it is sent. `roots` are the fields of its data, by their keys; a `program` shows a token for programs."""

    text: Any
    variables: Any
    name: Any
    account: str | None
    kind: str
    roots: Mapping[str, str] = field(default_factory=dict)
    spoilt: bool = False
    program: bool = False

    def payload(self) -> dict[str, Any]:
        """As a client says it."""
        told = {"query": self.text, "variables": self.variables, "operationName": self.name}
        return {name: value for name, value in told.items() if value is not None}


class Maker(Made):
    """Makes one operation. `wrongs` is how many of its values will still be made wrong."""

    def __init__(self, chance: random.Random, known: Known, schema: GraphQLSchema) -> None:
        super().__init__(None, known, schema, sizes=SIZES)
        self.random = chance
        self.wrongs = self.pick((0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 5))
        self.of = ""  # the kind that the root field is about, as far as its name says
        self.making = False  # whether it makes an account, which wants a new name
        self.spoilt = False

    def number(self, least: int, most: int) -> int:
        """A number from one to another."""
        return self.random.randint(least, most)

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of these."""
        return choices[self.random.randrange(len(choices))]

    def spoils(self) -> bool:
        """Whether something is to be wrong here."""
        if self.wrongs and self.chance(20):
            self.wrongs -= 1
            self.spoilt = True
            return True
        return False

    # ------------------------------------------------------------------------------------------------------------------------ values

    def wanted(self, name: str, of: Any) -> bool:
        """Whether an argument or an input's field is given."""
        if isinstance(of, GraphQLNonNull):
            return not (self.wrongs and self.chance(10) and self.spoils())
        return self.chance(GIVEN.get(name, 33))

    def chosen(self, name: str, of: Any) -> Any:
        """A value for an argument or an input's field: right for its type, and mostly for what it is about."""
        kind = get_named_type(of) if of is not None else None
        if self.spoils():
            return self.wrong(kind)
        if of is not None and isinstance(get_nullable_type(of), GraphQLList):
            inner = get_nullable_type(of).of_type
            return [self.chosen(name, inner) for _ in range(self.pick((*(1, 1, 1, 2, 2, 3) * 4, 0)))]
        if of is not None and not isinstance(of, GraphQLNonNull) and self.chance(3):
            return None
        if isinstance(kind, GraphQLInputObjectType):
            return self.input(kind)
        if isinstance(kind, GraphQLEnumType):
            usual = [value for value in WORDS.get(name, ()) if value in kind.values]
            return Word(self.pick(usual or tuple(kind.values)))
        match kind.name if kind is not None else "":
            case "Boolean":
                return self.chance(50)
            case "Int":
                return self.pick((1, 1, 2, 3, 5, 8, 12, 40))
            case "UUID":
                return str(UUID(int=self.random.getrandbits(128), version=4)) if self.chance(95) else str(UUID(int=self.number(1, 3)))
            case "Date":
                return (datetime.now(UTC) + timedelta(days=self.number(-400, 400))).date().isoformat()
            case "DateTime":
                hours = self.pick((-300, -2, -1, 1, 4, 12, 100))
                return (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")
            case "ID":
                return self.id(name)
        if name in ("after", "before"):
            return self.pick((*self.known.cursors, *CURSORS[:4]))
        return self.word(name)

    def id(self, name: str) -> Any:
        """A global id, mostly of the kind that is wanted."""
        ids = self.known.ids
        kind = KINDS.get(name) or name[:1].upper() + name[1:]
        every = [each for each in ids if ids[each]]
        own = ids.get(kind) or ids.get(self.of) or ids[self.pick(every)]
        return self.pick(own if self.chance(95) else ids[self.pick(every)])

    def word(self, name: str) -> Any:
        """A text: one that is known, or a new one."""
        usual = WORDS.get(name)
        if name == "username" and self.making:
            usual = (*(f"new.{self.number(1, 99_999)}" for _ in range(3)), *VICTIMS[:1])
        if name == "code" and self.of in ("Tag", "Scan"):
            usual = WORDS["tag"] if self.chance(50) else WORDS["badge"]
        if name == "code" and self.of == "Armory":
            usual = ROOMS
        if name in ("serial", "serviceNumber", "code", "lotNumber") and self.chance(25):
            usual = None
        if usual is not None:
            return self.pick(usual)
        if self.chance(10):
            return self.pick(self.known.words)
        beginning = self.pick(("New-", "A_", "b")) if name == "code" else self.pick(("New", "A", "é ", "“x” ", "🔫", "Ø/1", "שלום "))
        return f"{beginning}{self.number(1, 9999)}"

    def input(self, kind: GraphQLInputObjectType) -> dict[str, Any]:
        """An input."""
        fields = kind.fields
        if kind.is_one_of:
            name = self.pick(tuple(fields))
            return {name: self.chosen(name, GraphQLNonNull(fields[name].type))}
        given = {name: self.chosen(name, fields[name].type) for name in self.names_of(fields)}
        if self.wrongs and self.chance(5) and self.spoils():
            given[self.pick(("nothing", "__typename", "", "$x", "requestid", "\x00"))] = self.pick((1, None, "x", {}))
        return given

    def names_of(self, fields: Mapping[str, Any]) -> list[str]:
        """Which of several are given: of what names one thing in several ways, one way."""
        names = [name for name, each in fields.items() if self.wanted(name, each.type)]
        optional = {name for name, each in fields.items() if not isinstance(each.type, GraphQLNonNull)}
        for ways in WAYS:
            known = [way for way in ways if optional.issuperset(way)]
            if len(known) > 1 and self.chance(95):
                chosen = self.pick(known)
                return [name for name in names if not any(name in way for way in known)] + list(chosen)
        return names

    def given(self, declared: GraphQLField) -> dict[str, Any]:
        """The arguments that are given, with their values."""
        return {name: self.chosen(name, declared.args[name].type) for name in self.names_of(declared.args)}

    def wrong(self, kind: Any) -> Any:
        """A value that is wrong for its type, or at its edge."""
        name = kind.name if kind is not None else "String"
        own: dict[str, Sequence[Any]] = {"Int": NUMBERS, "ID": IDS, "UUID": UUIDS, "Date": DATES, "DateTime": (*MOMENTS, *DATES)}
        if self.chance(60):
            return self.pick(own.get(name, (*TEXTS, *CURSORS)))
        nested: Any = "deep"
        for _ in range(self.pick((1, 2, 40))):
            nested = [nested] if self.chance(50) else {self.pick(("id", "a")): nested}
        plain: tuple[Any, ...] = (None, True, False, 0, 1.5, "", [], {}, [None], [[]], {"id": None}, Word("NO_SUCH"))
        return self.pick((*plain, nested, self.pick(NUMBERS), self.pick(TEXTS)))

    # ---------------------------------------------------------------------------------------------------------------------- document

    def arguments(self, declared: GraphQLField) -> str:
        """What a field takes; sometimes one thing more, or twice."""
        written = super().arguments(declared)
        if self.wrongs and self.chance(3) and self.spoils():
            more = self.pick(("nothing: 1", "first: 1", "first: $nothing", "id: null", "input: {}", "__x: []"))
            written = f"({written[1:-1]}, {more})" if written else f"({more})"
        return written

    def value(self, of: Any, value: Any) -> str:
        """A value as the document has it, or a variable for it, or for a part of it."""
        kind = get_nullable_type(of)
        whole = isinstance(kind, GraphQLInputObjectType)
        if self.chance(60 if whole else 30):
            name = self.name("v")
            declared = of
            if self.wrongs and self.chance(8) and self.spoils():
                declared = self.pick(("Int", "[Int!]!", "String", "ID!", "Nothing", "Item", "[[String]]", "PersonRefInput!"))
            default = f" = {written(value)}" if not isinstance(of, GraphQLNonNull) and self.chance(15) else ""
            self.variables[name] = (f"{declared}{default}", ... if default and self.chance(60) else value)
            return f"${name}"
        if whole and isinstance(value, dict) and self.chance(50):
            fields = kind.fields
            parts = {name: self.value(fields[name].type, part) if name in fields else written(part) for name, part in value.items()}
            return "{" + ", ".join(f"{name}: {part}" for name, part in parts.items()) + "}"
        return written(value, plain=self.chance(20))

    def root(self, of: GraphQLObjectType, names: Sequence[str], depth: int) -> tuple[str, str, str]:
        """A root field as it is asked: its key, its name, and the text."""
        name = self.pick(names)
        declared = of.fields[name]
        about = f"{name} {get_named_type(declared.type).name}".lower()
        kinds = [kind for kind in (*self.known.ids, "Scan") if kind.lower() in about]
        self.making = name == "createAccount"
        self.of = max(kinds, key=lambda kind: (about.index(kind.lower()) < len(name), len(kind)), default="")
        key = self.name("r") if self.chance(60) else name
        to = get_named_type(declared.type)
        inside = f" {self.selections(to, depth - 1)}" if not is_leaf_type(to) else ""
        directive = self.directive() if self.chance(20) else ""
        return key, name, f"{key}: {name}{self.arguments(declared)}{directive}{inside}"

    def asked_of(self, kind: str, names: Sequence[str], most: int, depth: int) -> tuple[str, dict[str, str]]:
        """An operation of a kind on some of its roots: its text, and the names of its roots by their keys."""
        of = {"query": self.schema.query_type, "mutation": self.schema.mutation_type, "subscription": self.schema.subscription_type}[kind]
        assert of is not None
        roots = {key: (name, text) for key, name, text in (self.root(of, names, depth) for _ in range(self.number(1, most)))}
        declared = ", ".join(f"${name}: {type_}" for name, (type_, _) in self.variables.items())
        head = f"{kind} {self.name('Q')}" if declared or kind != "query" or self.chance(80) else ""
        text = f"{head}{f'({declared})' if declared else ''} {{ {' '.join(text for _, text in roots.values())} }}"
        return " ".join([text, *self.fragments]), {key: name for key, (name, _) in roots.items()}

    def garbled(self, text: str) -> str:
        """A document with one or two of its words missing, doubled, exchanged or strange."""
        words = TOKENS.findall(text)
        for _ in range(self.number(1, 2)):
            place = self.number(0, len(words) - 1)
            match self.number(0, 5):
                case 0:
                    del words[place]
                case 1:
                    words[place:place] = words[place : place + self.number(1, 12)]
                case 2:
                    words[place] = self.pick(words)
                case 3:
                    words.insert(place, self.pick(STRAY))
                case 4:
                    words = words[: place + 1]
                case _:
                    words.insert(place, self.pick(TEXTS[:30]))
            if not words:
                break
        return " ".join(words)


def written(value: Any, *, plain: bool = False) -> str:
    """A value as GraphQL writes it, whatever it is."""
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {written(part, plain=plain)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(part, plain=plain) for part in value) + "]"
    return json.dumps(value, ensure_ascii=not plain)


def strange(make: Maker, text: str) -> str:
    """A document that is odd as a whole: several operations, depth, width, introspection, fragments that go round."""
    many = make.pick((2, 50, 3000))
    return str(
        make.pick(
            (
                f"{text} {text}",
                f"{text} query Other {{ viewer {{ username }} }}",
                f"\ufeff{text}",
                f"# {text}",
                text.replace(" ", "\t,\r\n"),
                "{ __typename }",
                "",
                " ",
                "{",
                "{ viewer " * many + "}" * many,
                "{ units(first: 1) { edges { node " + "{ parent " * many + "{ id }" + "}" * many + "} } } }",
                "{ " + " ".join(f"a{n}: __typename" for n in range(many)) + " }",
                "{ viewer { username " + "@include(if: true) " * many + "} }",
                "{ __typename " + "@nothing " * many + "}",
                "query (" + " ".join(f"$v{n}: Int" for n in range(many)) + ") { __typename }",
                "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
                "{ ...A ...A } "
                + " ".join(f"fragment {chr(65 + n)} on Query {{ ...{chr(66 + n)} ...{chr(66 + n)} }}" for n in range(24))
                + " fragment Y on Query { __typename }",
                '{ item(serial: """' + "x" * many + '""") { id } }',
                "{ items(filter: " + "{a: " * many + "1" + "}" * many + ") { totalCount } }",
                "{ canIssue(person: {}, items: " + "[" * many + "]" * many + ") { __typename } }",
                "query ($v: " + "[" * many + "Int" + "]" * many + ") { __typename }",
                "subscription { a: custodyFeed { cursor } b: custodyFeed { cursor } }",
                "subscription { __typename }",
                "subscription { ...F } fragment F on Subscription { custodyFeed { cursor } }",
                "mutation { __typename }",
                "type Query { x: Int }",
                "{ item(serial: 1.5e400) { id } }",
                get_introspection_query(),
                "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
                '{ __type(name: "Item\\u0000") { name } }',
                '{ node(id: "\\ud800") { id } }',
                '{ node(id: "\\u{110000}") { id } }',
            )
        )
    )


def operation(seed: str, number: int, known: Known, schema: GraphQLSchema) -> Operation:
    """The operation of a seed with this number: three of four ask what the one before asked, with other values, as a client does."""
    first = number - number % TURNS
    asked = first_operation(f"{seed} {first}", known, schema)
    if number == first:
        return asked
    chance = random.Random(f"{seed} {number}")
    account = chance.choice(ASKERS) if asked.kind != "mutation" else asked.account
    return replace(asked, account=account, variables=varied(asked.variables, chance, known), program=chance.random() < 0.25)


def varied(value: Any, chance: random.Random, known: Known) -> Any:
    """A value like another: a text of the same list, an id of the same kind, another number."""
    match value:
        case dict():
            return {name: varied(part, chance, known) for name, part in value.items()}
        case list():
            return [varied(part, chance, known) for part in value]
        case str() if UUID_LIKE.fullmatch(value):
            return str(UUID(int=chance.getrandbits(128), version=4))
        case str():
            same = [each for each in (*known.ids.values(), *WORDS.values(), TEXTS) if value in each]
            return chance.choice(chance.choice(same)) if same else value
        case int() if not isinstance(value, bool) and chance.random() < 0.3:
            return chance.choice((1, 2, 3, 5, 8, 40))
    return value


def first_operation(seed: str, known: Known, schema: GraphQLSchema) -> Operation:
    """The operation of a seed."""
    make = Maker(random.Random(seed), known, schema)
    kind = make.pick(("query",) * 9 + ("mutation",) * 10 + ("subscription",))
    account = make.pick(ASKERS)
    if kind == "mutation":
        assert schema.mutation_type is not None
        names = [name for name in schema.mutation_type.fields for _ in range(RARELY.get(name, OTHERWISE))]
        own = {make.pick(names), make.pick(names)} if make.chance(10) else {make.pick(names)}
        if any(OF_ACCOUNTS.search(name) for name in own):
            account = make.pick(VICTIMS if any(OF_ONESELF.search(name) for name in own) else MANAGERS)
        else:
            account = make.pick(COMMANDERS)
        text, roots = make.asked_of(kind, sorted(own), len(own), make.number(2, 4))
    elif kind == "query":
        assert schema.query_type is not None
        text, roots = make.asked_of(kind, tuple(schema.query_type.fields), 2, make.number(2, 5))
    else:
        assert schema.subscription_type is not None
        text, roots = make.asked_of(kind, tuple(schema.subscription_type.fields), 1, make.number(2, 4))
    variables: Any = {name: value for name, (_, value) in make.variables.items() if value is not ...}
    name: Any = None
    if make.wrongs and make.chance(40):
        make.spoilt = True
        match make.number(0, 9):
            case 0 | 1 | 2 | 3:
                text = make.garbled(text)
            case 4 | 5 | 6:
                text = strange(make, text)
            case 7:
                name = make.pick(("Q", "", "\ud800", "x" * 5000))
            case 8:
                variables = {**variables, make.pick(("nothing", "", "\x00")): make.pick((*TEXTS, None))}
            case _:
                variables = {name: make.wrong(None) for name in variables}
    return Operation(text, variables, name, account, kind, roots, make.spoilt, program=make.chance(25))
