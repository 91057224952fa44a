"""Frames on a socket that are none, that are none of graphql-transport-ws, or that come in a wrong order."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fuzz.values import TEXTS
from tests.fuzz.wire import BINARY, CLOSE, PING, PONG, TEXT, frame, upgrade

CONTINUED = 0
LIMIT = 256 * 1024  # bytes of a message
BAD_MESSAGE, TOO_EARLY, FORBIDDEN, NO_PROTOCOL, TWICE, TOO_MANY = 4400, 4401, 4403, 4406, 4409, 4429
BAD_FRAME, BAD_TEXT, TOO_BIG = 1002, 1007, 1009

FEED = {"query": "subscription { custodyFeed { cursor } }"}
READ = {"query": "{ viewer { username } }"}


@dataclass(frozen=True)
class Frames:
    """What is written on a socket, part by part, and by which code the server must close it. With no code, nothing is wrong with what is
    written and the client closes; with `cut`, the client is gone. `refused` sockets are none: the request for them gets a 4xx.
    """

    what: str
    parts: Sequence[bytes]
    codes: frozenset[int] = frozenset()
    cut: bool = False
    refused: bool = False
    request: bytes = b""


def message(kind: Any, number: Any = ..., payload: Any = ..., **more: Any) -> bytes:
    """A message in a frame of its own."""
    told = {"type": kind, "id": number, "payload": payload, **more}
    return text({name: value for name, value in told.items() if value is not ...})


def text(value: Any) -> bytes:
    """JSON in a frame of its own."""
    return frame(TEXT, json.dumps(value).encode())


class Sequences:
    """Makes them, out of the random numbers of a seed."""

    def __init__(self, chance: random.Random, token: str) -> None:
        self.chance = chance
        self.init = message("connection_init", payload={"authorization": f"Bearer {token}"})
        self.ways: tuple[Callable[[], Frames], ...] = (
            *(self.no_json, self.no_message, self.no_message, self.of_wrong_types, self.of_wrong_types, self.in_wrong_order),
            *(self.no_frame, self.no_frame, self.no_text, self.too_big, self.badly_closed, self.in_pieces, self.cut),
            *(self.cut, self.no_socket, self.with_odd_pings, self.too_many, self.rubbish),
        )

    def one(self) -> Frames:
        """One of them."""
        return self.chance.choice(self.ways)()

    def begun(self) -> list[bytes]:
        """How a socket begins: mostly as it should."""
        running = message("subscribe", "0", self.chance.choice((FEED, READ)))
        return self.chance.choice(([self.init], [self.init, running], [self.init, frame(PING, b"x"), message("ping")], []))

    def no_json(self) -> Frames:
        """A text that is not JSON."""
        whole = json.dumps({"type": "subscribe", "id": "1", "payload": READ}).encode()
        place = self.chance.randrange(1, len(whole) - 1)
        nested = self.chance.choice((b"[", b'{"type":')) * self.chance.choice((2000, 30_000))
        wrong = self.chance.choice(
            (whole[:place], whole[place:], b"", b" ", b"{", b"\x00", b"nothing", b"'x'", whole + b"}", b"\xef\xbb\xbf{}", nested)
        )
        return Frames("no JSON", [*self.begun(), frame(TEXT, wrong)], frozenset({BAD_MESSAGE}))

    def no_message(self) -> Frames:
        """JSON that is no message, or one that only a server may send."""
        strange: tuple[Any, ...] = (None, True, 0, 1.5, 10**400, "", "subscribe", [], [{"type": "ping"}], {}, {"id": "1"}, {"type": None})
        kinds: tuple[Any, ...] = (
            "",
            "start",
            "stop",
            "next",
            "error",
            "connection_ack",
            "connection_error",
            "ka",
            "data",
            "Subscribe",
            "x" * 9000,
            "\ud800",
            1,
            [],
            {},
        )
        wrong = self.chance.choice((*strange, *({"type": kind, "id": "1", "payload": READ} for kind in kinds)))
        return Frames("no message", [*self.begun(), text(wrong)], frozenset({BAD_MESSAGE}))

    def of_wrong_types(self) -> Frames:
        """A message with a part of another type, or without it."""
        strange = [..., None, True, 0, 1.5, [], ["1"], {}, {"id": "1"}]
        match self.chance.randrange(5):
            case 0:
                wrong = message("subscribe", self.chance.choice([*strange, "\ud800"]), READ)
            case 1:
                wrong = message(self.chance.choice(("ping", "pong")), payload=self.chance.choice((True, 0, 1.5, [], "x")))
            case 2:
                wrong = message("subscribe", "1", self.chance.choice([*strange[:-1], "x", "{}", [READ]]))
            case 3:
                name, kind = self.chance.choice([("query", str), ("variables", dict), ("operationName", str)])
                others: tuple[Any, ...] = (True, 0, 1.5, [], ["1"], {}, "x")
                values = [each for each in others if not isinstance(each, kind)]
                wrong = message("subscribe", "1", {**READ, name: self.chance.choice(values)})
            case _:
                wrong = message("complete", self.chance.choice([*strange, ""]))
        return Frames("of wrong types", [self.init, wrong], frozenset({BAD_MESSAGE}))

    def in_wrong_order(self) -> Frames:
        """Right messages at the wrong time."""
        feed = message("subscribe", "1", FEED)
        match self.chance.randrange(5):
            case 0:
                return Frames("too early", [message("subscribe", "1", self.chance.choice((READ, FEED)))], frozenset({TOO_EARLY}))
            case 1:
                return Frames("greeted twice", [*(self.begun() or [self.init]), self.init], frozenset({TOO_MANY}))
            case 2:
                return Frames("a name twice", [self.init, feed, feed], frozenset({TWICE}))
            case 3:
                return Frames("to complete what is not there", [self.init, message("complete", self.chance.choice(("1", "x" * 5000)))])
            case _:
                given = self.chance.choice(
                    ({"authorization": "Bearer x"}, {"authorization": 1}, {"Authorization": ""}, {"authorization": "Basic x"})
                )
                return Frames("with a wrong token", [message("connection_init", payload=given)], frozenset({FORBIDDEN}))

    def no_frame(self) -> Frames:
        """A frame that is none (RFC 6455, 5)."""
        data = json.dumps({"type": "ping"}).encode()
        wrong = self.chance.choice(
            (
                lambda: frame(TEXT, data, masked=False),
                lambda: frame(TEXT, data, reserved=self.chance.randint(1, 7)),
                lambda: frame(self.chance.choice((3, 4, 5, 6, 7, 11, 12, 13, 14, 15)), data),
                lambda: frame(self.chance.choice((PING, PONG, CLOSE)), b"", fin=False),
                lambda: frame(self.chance.choice((PING, PONG)), b"x" * self.chance.choice((126, 70_000))),
                lambda: frame(CONTINUED, data, fin=self.chance.random() < 0.5),
                lambda: frame(TEXT, data[:5], fin=False) + frame(TEXT, data[5:]),
                lambda: frame(TEXT, data[:5], fin=False) + frame(BINARY, data[5:]),
            )
        )()
        return Frames("no frame", [*self.begun(), wrong], frozenset({BAD_FRAME}))

    def no_text(self) -> Frames:
        """Bytes, or a text that is not UTF-8."""
        if self.chance.random() < 0.5:
            data = self.chance.choice((b"", b"\x00", json.dumps({"type": "ping"}).encode(), self.chance.randbytes(300)))
            return Frames("bytes", [*self.begun(), frame(BINARY, data)], frozenset({BAD_MESSAGE}))
        wrong = self.chance.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b'{"type": "ping\xe2\x82"}'))
        return Frames("no UTF-8", [*self.begun(), frame(TEXT, wrong)], frozenset({BAD_TEXT}))

    def too_big(self) -> Frames:
        """A message beyond the limit, in one frame or in many."""
        match self.chance.randrange(3):
            case 0:
                wrong = frame(TEXT, b" " * (LIMIT + 1))
            case 1:
                length = self.chance.choice((LIMIT + 1, 2**31, 2**62, 2**63, 2**64 - 1))
                wrong = frame(TEXT, b"", length=length)
            case _:
                wrong = frame(TEXT, b"x", fin=False) + b"".join(frame(CONTINUED, b" " * 30_000, fin=False) for _ in range(9))
        return Frames("too big", [*self.begun(), wrong], frozenset({TOO_BIG, BAD_FRAME}))

    def badly_closed(self) -> Frames:
        """Closed by what is no close."""
        code = self.chance.choice((0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535))
        wrong = self.chance.choice(
            (struct.pack("!H", code), b"\x03", struct.pack("!H", 1000) + b"\xff\xfe", struct.pack("!H", 1000) + b"x" * 124)
        )
        return Frames("badly closed", [*self.begun(), frame(CLOSE, wrong)], frozenset({BAD_FRAME, BAD_TEXT}))

    def in_pieces(self) -> Frames:
        """A right message in many frames, with pings between: that is allowed, however small they are."""
        data = json.dumps({"type": "subscribe", "id": "1", "payload": READ}).encode()
        size = self.chance.choice((1, 7, 50))
        pieces = [data[place : place + size] for place in range(0, len(data), size)]
        parts = [frame(TEXT, pieces[0], fin=len(pieces) == 1)]
        for number, piece in enumerate(pieces[1:], 2):
            parts += [frame(PING, b"?")] * self.chance.choice((0, 0, 1)) + [frame(CONTINUED, piece, fin=number == len(pieces))]
        return Frames("in pieces", [self.init, b"".join(parts)])

    def with_odd_pings(self) -> Frames:
        """Pings and pongs of both kinds, with all that they may carry."""
        payload = self.chance.choice((..., None, {}, {"a": self.chance.choice(TEXTS[:20])}, {"a": [1] * 500}))
        asked = [message(self.chance.choice(("ping", "pong")), payload=payload) for _ in range(self.chance.randint(1, 20))]
        asked += [frame(self.chance.choice((PING, PONG)), self.chance.randbytes(self.chance.randint(0, 125)))]
        return Frames("odd pings", [self.init, *asked])

    def too_many(self) -> Frames:
        """More at once than one socket may: those beyond are refused, the others go on."""
        return Frames("too many", [self.init, *(message("subscribe", str(number), FEED) for number in range(60))])

    def cut(self) -> Frames:
        """Something right or wrong, and in its midst the line is cut."""
        other = self.chance.choice(
            (self.no_message, self.in_pieces, self.no_frame, self.too_big, self.in_wrong_order, self.with_odd_pings)
        )()
        query = self.chance.choice((READ, FEED, FEED))
        parts = b"".join(self.chance.choice((other.parts, [self.init, message("subscribe", "1", query)])))
        return Frames("cut", [parts[: self.chance.randint(0, len(parts))]], cut=True)

    def rubbish(self) -> Frames:
        """Bytes as it happens, and the line is cut: they may be the beginning of anything."""
        return Frames("rubbish", [*self.begun(), self.chance.randbytes(self.chance.randint(1, 400))], cut=True)

    def no_socket(self) -> Frames:
        """A request for a socket that is none (RFC 6455, 4.2.1), or for another protocol."""
        short = base64.b64encode(b"x").decode()
        wrong: list[dict[str, str | None]] = [
            *({"sec-websocket-version": version} for version in (None, "12", "x", "")),
            *({"sec-websocket-key": key} for key in (None, "", "x", short)),
            {"origin": "https://elsewhere.example"},
        ]
        other: list[dict[str, str | None]] = [
            {"sec-websocket-protocol": name} for name in (None, "graphql-ws", "x", "GraphQL-Transport-WS")
        ]
        if self.chance.random() < 0.3:
            return Frames("another protocol", [], frozenset({NO_PROTOCOL}), request=upgrade(self.chance.choice(other)))
        if self.chance.random() < 0.2:
            return Frames(
                "elsewhere", [], refused=True, request=upgrade(path=self.chance.choice(("/", "/graphql/x", "/healthz", "/static/x")))
            )
        headers = self.chance.choice(wrong)
        return Frames(f"no socket: {headers}", [], refused=True, request=upgrade(headers))
