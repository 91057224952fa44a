"""Requests over HTTP that are none, or whose bodies are none."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.fuzz.values import NUMBERS, TEXTS
from tests.fuzz.wire import posted

GOOD = {"query": "query Q($a: Int) { viewer { username } units(first: $a) { totalCount } }", "variables": {"a": 1}, "operationName": "Q"}
LIMIT = 1_000_000  # bytes of a body


@dataclass(frozen=True)
class Sent:
    """What is written on one line, part by part. `due` is how many answers must come; with none, the line is cut or may end without.

    What is `odd` is no mistake by all standards: it may be answered as an operation too. In what is left over of a `split` one its reader
    may see a second request.
    """

    what: str
    parts: Sequence[bytes]
    due: int = 1
    odd: bool = False
    split: bool = False


class Bodies:
    """Makes them, out of the random numbers of a seed."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.ways: tuple[Callable[[], Sent], ...] = (
            *(self.no_json, self.no_json, self.no_json, self.of_another_type, self.of_another_type, self.in_another_encoding),
            *(self.deep, self.of_another_kind, self.of_a_wrong_length, self.in_chunks, self.with_strange_headers),
            *(self.by_another_method, self.half_sent, self.at_once, self.elsewhere, self.no_http, self.twice_the_same_key),
        )

    def one(self) -> Sent:
        """One of them."""
        return self.chance.choice(self.ways)()

    def whole(self) -> bytes:
        """A body that is right."""
        return json.dumps(GOOD).encode()

    def junk(self, most: int) -> bytes:
        """Some bytes."""
        return self.chance.randbytes(self.chance.randint(1, most))

    def no_json(self) -> Sent:
        """A body with a few bytes missing, changed or added; one that is JSON all the same is not taken."""
        while True:
            body = bytearray(self.whole())
            for _ in range(self.chance.randint(1, 3)):
                place = self.chance.randrange(len(body))
                match self.chance.randrange(5):
                    case 0:
                        del body[place : place + self.chance.randint(1, 9)]
                    case 1:
                        body[place] = self.chance.randrange(256)
                    case 2:
                        body[place:place] = self.chance.choice(
                            (b'"', b"{", b"]", b",", b"\\", b"\x00", b"'", b"\xff", b"//", b"1e", self.junk(8))
                        )
                    case 3:
                        del body[place:]
                    case _:
                        body = bytearray(self.junk(200))
                if not body:
                    break
            if not readable(bytes(body)):
                return Sent("no JSON", [posted(bytes(body))])

    def of_another_type(self) -> Sent:
        """JSON that is no request."""
        strange: list[Any] = [None, True, False, 0, 1.5, "", "x", [], [GOOD], [[]], *NUMBERS]
        top = self.chance.choice([*strange, {}, {"Query": "{ __typename }"}, {"variables": {}}, None, None])
        if top is None or self.chance.random() < 0.7:
            name, kind = self.chance.choice([("query", str), ("variables", dict), ("operationName", str), ("extensions", dict)])
            values = [each for each in (*strange, {}, {"a": []}) if not isinstance(each, kind) and (each is not None or name == "query")]
            top = {**GOOD, name: self.chance.choice(values)}
        return Sent("of another type", [posted(json.dumps(top).encode())])

    def in_another_encoding(self) -> Sent:
        """JSON in bytes that are not UTF-8, or with half a character."""
        body = {**GOOD, "variables": {"a": self.chance.choice(["é", "ø\u0301", "🔫", "שלום"])}}
        text = json.dumps(body, ensure_ascii=False)
        match self.chance.randrange(4):
            case 0:
                return Sent("of wide characters", [posted(text.encode(self.chance.choice(["utf-16", "utf-16-le", "utf-32", "utf-32-be"])))])
            case 1:
                wrong = self.chance.choice((b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xfe\xff"))
                return Sent("no UTF-8", [posted(self.whole().replace(b"username", b"user" + wrong))])
            case 2:
                return Sent("with a mark of its order", [posted(b"\xef\xbb\xbf" + text.encode())])
            case _:
                return Sent(
                    "half a character", [posted(self.whole().replace(b"viewer", self.chance.choice((b"\\ud800", b"\\udfff"))))], odd=True
                )

    def twice_the_same_key(self) -> Sent:
        """A key that is given twice: most readers take the last."""
        first, last = self.chance.choice([("1", '"{ viewer { username } }"'), ('"{ viewer { username } }"', "1"), ("null", "[]")])
        return Sent("a key twice", [posted(f'{{"query": {first}, "query": {last}}}'.encode())], odd=True)

    def deep(self) -> Sent:
        """Nested deeply."""
        depth = self.chance.choice((1200, 20_000, 150_000))
        left, right = self.chance.choice(((b"[", b"]"), (b'{"a":', b"}")))
        nested = left * depth + (b"1" + right * depth if self.chance.random() < 0.7 else b"")
        if self.chance.random() < 0.5:
            return Sent("nested", [posted(nested)])
        return Sent("nested inside", [posted(b'{"query": "{ __typename }", "variables": {"a": ' + nested + b"}}")], odd=depth < 2000)

    def of_another_kind(self) -> Sent:
        """A right body by a wrong name, or what that name stands for."""
        form = b"query=%7B+__typename+%7D"
        mark = b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + self.whole() + b"\r\n--x--\r\n"
        kind, body = self.chance.choice(
            [
                *(
                    (kind, self.whole())
                    for kind in ("text/plain", "application/xml", "application/graphql", "text/json", "*/*", "", ";", "json")
                ),
                *(("application/x-www-form-urlencoded", form), ("application/x-www-form-urlencoded", self.whole())),
                *(("multipart/form-data; boundary=x", mark), ("multipart/form-data", mark), ("multipart/form-data; boundary=x", b"--x")),
                *(("multipart/mixed; boundary=x", mark), ("application/octet-stream", self.junk(500)), ("\x80\xff", self.whole())),
            ]
        )
        return Sent(f"as {kind!r}", [posted(body, {"content-type": kind})])

    def of_a_wrong_length(self) -> Sent:
        """A length that is not that of the body, or none."""
        body = self.whole()
        match self.chance.randrange(4):
            case 0:  # what is left over is no request
                short = self.chance.randint(1, len(body) - 1)
                return Sent("shorter", [posted(body, {"content-length": str(short)})], split=True)
            case 1:
                return Sent("longer", [posted(body, {"content-length": str(len(body) + self.chance.randint(1, 5000))})], due=0)
            case 2:
                told = self.chance.choice((str(LIMIT + 1), "9" * 15, "1" + "0" * 18))
                return Sent("beyond the limit", [posted(body, {"content-length": told})])
            case _:
                told = self.chance.choice(("-1", "+5", "0x10", "", "1e3", "5, 6", "5 5", "٣", "9" * 40, "a"))
                return Sent(f"the length {told!r}", [posted(body, {"content-length": told})])

    def in_chunks(self) -> Sent:
        """In chunks, right or wrong."""
        body, head = self.whole(), b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        coding = self.chance.choice((b"chunked", b"gzip, chunked", b"chunked, chunked", b"identity", b"gzip", b"xchunked", b"\x0bchunked"))
        size = self.chance.choice((b"%x" % len(body), b"FFFFFFFFFFFFFFFFF", b"-1", b"zz", b"", b"%x; a=b" % len(body)))
        both = self.chance.choice((b"", b"content-length: 5\r\n"))
        return Sent(
            "in chunks", [head + both + b"transfer-encoding: " + coding + b"\r\n\r\n", size + b"\r\n" + body + b"\r\n0\r\n\r\n"], split=True
        )

    def with_strange_headers(self) -> Sent:
        """A wrong body under many headers, long ones or strange ones."""
        body = b"no JSON"
        match self.chance.randrange(5):
            case 0:
                headers = {f"x-{number}": "y" * 20 for number in range(self.chance.choice((50, 500)))}
            case 1:
                headers = {"x-long": "y" * self.chance.choice((9000, 60_000))}
            case 2:
                texts = [text for text in TEXTS if text.isprintable() and len(text) < 300]
                headers = {
                    "authorization": self.chance.choice(("", "Bearer", "Bearer  ", "Basic eDp5", "Bearer " + "x" * 5000, "bearer \x7f"))
                }
                headers["cookie"] = self.chance.choice(texts).encode().decode("latin-1") + "; armguard_refresh=x"
            case 3:
                headers = {"x-a": self.chance.choice(("a\x00b", "a\rb", "a\nb", "\x01"))}
            case _:
                headers = {self.chance.choice(("x y", "x\x00", "", "é", "x:", "(x)", "\x7f")): "1"}
        told = {"host": "x", "content-type": "application/json", "content-length": str(len(body)), **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        return Sent("under strange headers", [b"POST /graphql HTTP/1.1\r\n" + lines.encode("utf-8", "surrogateescape") + b"\r\n" + body])

    def by_another_method(self) -> Sent:
        """By a method that is not taken, or in another version of HTTP."""
        body = self.whole()
        match self.chance.randrange(3):
            case 0:
                method = self.chance.choice(("PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "SEARCH", "LOCK"))
                return Sent(f"by {method}", [posted(body).replace(b"POST", method.encode(), 1)])
            case 1:
                method = self.chance.choice(("FOO", "post", "P\x00ST", "", "PÖST", "GRAPHQL"))
                return Sent(f"by {method}", [posted(body).replace(b"POST", method.encode(), 1)])
            case _:
                version = self.chance.choice(
                    (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.", b"HTTPS/1.1", b"", b"HTTP/1.1 x")
                )
                return Sent(f"in {version!r}", [posted(b"no JSON").replace(b"HTTP/1.1", version, 1)])

    def half_sent(self) -> Sent:
        """Cut somewhere in its middle."""
        whole = posted(self.whole())
        return Sent("half sent", [whole[: self.chance.randint(1, len(whole) - 1)]], due=0)

    def at_once(self) -> Sent:
        """Several at once, on one line, none of which is right; in as many parts as it happens."""
        bodies = [
            self.chance.choice((b"", b"{", b"[]", b"null", self.junk(30).replace(b'"', b"'"))) for _ in range(self.chance.randint(2, 6))
        ]
        bodies = [body if not readable(body) else b"?" for body in bodies]
        written = b"".join(posted(body) for body in bodies)
        places = sorted(self.chance.randint(0, len(written)) for _ in range(self.chance.choice((0, 1, 4))))
        parts = [written[begin:end] for begin, end in zip([0, *places], [*places, len(written)], strict=True)]
        return Sent("several at once", parts, due=len(bodies))

    def elsewhere(self) -> Sent:
        """To a path where nothing is."""
        path = self.chance.choice(
            (
                "/graphql/x",
                "/GraphQL",
                "//graphql",
                "/graphql%00",
                "/%2e%2e/etc/passwd",
                "/static/../app.py",
                "/static/%2e%2e/app.py",
                "/" + "x" * 9000,
                "/é",
            )
        )
        return Sent(f"to {path[:30]}", [posted(self.whole(), path=path)])

    def no_http(self) -> Sent:
        """No request at all."""
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # how TLS begins
        bytes_ = self.chance.choice(
            (hello + self.junk(300), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 50, b"GET\r\n\r\n", b"\xff" + self.junk(300))
        )
        return Sent("no HTTP", [bytes_ + b"\r\n\r\n"], due=0)


def readable(body: bytes) -> bool:
    """Whether a body is a request, as Python's own reader reads it."""
    try:
        told = json.loads(body.decode())
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and isinstance(told.get("query"), str)
