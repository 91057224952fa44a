"""`python -m benchmarks.refusals`: what a hostile request costs the server until it is refused, in milliseconds of its CPU.

The server is a process of its own over a database of its own; each request is sent a number of times, as nobody and signed in, and
the time that its process has used is taken before and after. What is refused should take less than 50 ms; and so should what is as
large as a document may be and yet wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.servers import ROOT, free_port, running
from benchmarks.work import HOME
from graph.settings import Settings

MOST_MS = 50.0
LIMITS = Settings()
TICKS = os.sysconf("SC_CLK_TCK")
ROUND = "people(first: 100) { edges { node { history(first: 100) { edges { node { item { history(first: 100) { totalCount } } } } } } } }"


def doubled(times: int, on: str, last: str) -> str:
    """Fragments that each use the next one twice."""
    chain = "".join(f" fragment F{n} on {on} {{ ...F{n + 1} ...F{n + 1} }}" for n in range(times))
    return f"{chain} fragment F{times} on {on} {{ {last} }}"


DOCUMENTS: dict[str, str] = {
    "10,000 tokens in a line": "{" + "a " * 10_000 + "}",
    "as many tokens as there may be": "{" + " ".join(f"itemz{n}" for n in range(LIMITS.query_tokens - 5)) + "}",
    "a megabyte of commas": "," * 900_000 + "{ viewer { username } }",
    "a megabyte of quotes": '{ item(serial: "' + '\\"' * 400_000 + '") { id } }',
    "quotes up to the limit": '{ item(serial: "' + '\\"' * 24_000 + " { id } }",
    "block strings without an end": '{ item(serial: """' + '""" """a' * 5000 + " { id } }",
    "a block string up to the limit": '{ nope(serial: """' + "\n a" * 16_000 + '""") { id } }',
    "a long name": "{ " + "a" * 49_000 + " }",
    "a long number": "{ items(first: " + "9" * 49_000 + ") { totalCount } }",
    "brackets": "{ items(first: " + "[" * 900 + "]" * 900 + ") { totalCount } }",
    "braces": "{ a" * 600 + " }" * 600,
    "objects in objects": "mutation { issueItems(input: " + "{a: " * 400 + "1" + "}" * 400 + ") { __typename } }",
    "unknown fields of an input": "mutation { issueItems(input: {" + " ".join(f"a{n}: 1" for n in range(60)) + "}) { __typename } }",
    "a long list": "mutation { createApiToken(input: {scopes: [" + "NOPE " * 500 + "]}) { __typename } }",
    "lists of lists": "mutation { createApiToken(input: {scopes: [" + ("[" + "READ " * 40 + "]") * 40 + "]}) { __typename } }",
    "500 times a field": "{" + "__typename " * 500 + "}",
    "aliases": "{" + " ".join(f"a{n}: __typename" for n in range(600)) + "}",
    "directives": "{ viewer " + "@skip(if: false) " * 250 + "{ username } }",
    "inline fragments": "{" + "... on Query { viewer { username } } " * 200 + "}",
    "a fragment many times": "{" + "...F " * 900 + "} fragment F on Query { viewer { username } }",
    "unused fragments": "{ viewer { username } }" + "".join(f" fragment F{n} on Query {{ {'a ' * 30} }}" for n in range(49)),
    "fragments within each other": "{ ...F0 }" + "".join(f" fragment F{n} on Query {{ {'...F0 ...F1 ...F2 ' * 4} }}" for n in range(40)),
    "fragments that double": "{ ...F0 }" + doubled(45, "Query", "viewer { username }"),
    "introspection that doubles": "{ __schema { ...F0 } }" + doubled(45, "__Schema", "types { name }"),
    "introspection in a circle": "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
    "introspection again and again": "{"
    + " ".join(f"a{n}: __schema {{ types {{ fields {{ name description }} }} }}" for n in range(59))
    + "}",
    "variables that nobody uses": "query (" + " ".join(f"$a{n}: Int" for n in range(390)) + ") { viewer { username } }",
    "variables of unknown types": "query (" + " ".join(f"$a{n}: Itemm" for n in range(390)) + ") { viewer { username } }",
    "pages in pages": "{" + ROUND + "}",
    "operations": " ".join(f"query Q{n} {{ a{n}: nope {{ {'a ' * 30} }} }}" for n in range(49)),
}
ONE = "query ($a: ItemFilter) { items(first: 1, filter: $a) { totalCount } }"
VARIABLES: dict[str, Any] = {
    "a list of half a million": [1] * 400_000,
    "lists of lists": [[1] * 400] * 400,
    "900 levels": json.loads("[" * 900 + "]" * 900),
    "a wide object": {f"a{n}": n for n in range(50_000)},
    "a long text": {"serialPrefix": "a" * 900_000},
}
BODIES: dict[str, bytes] = {
    "a megabyte too much": b" " * 2_000_000,
    "no JSON": b"[" * 900_000,
    "deep JSON": b'{"a":' * 150_000,
    "a batch": b"[" + b",".join([b'{"query": "{ __typename }"}'] * 30_000) + b"]",
}


def requests() -> dict[str, bytes]:
    """The bodies, by what they try."""
    documents = {f"document: {name}": json.dumps({"query": text}).encode() for name, text in DOCUMENTS.items()}
    variables = {f"variables: {name}": json.dumps({"query": ONE, "variables": {"a": value}}).encode() for name, value in VARIABLES.items()}
    return {**documents, **variables, **{f"body: {name}": body for name, body in BODIES.items()}}


def used(process: int) -> float:
    """The milliseconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def send(port: int, body: bytes) -> tuple[int, bytes]:
    """The answer to a body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        try:
            connection.request("POST", "/graphql", body, {"content-type": "application/json"})
        except (BrokenPipeError, ConnectionResetError):  # it is refused before all of it is sent
            return 413, b'{"errors": [{"extensions": {"code": "LIMIT_EXCEEDED"}}]}'
        answer = connection.getresponse()
        return answer.status, answer.read()


def measured(port: int, process: int, times: int) -> dict[str, tuple[float, str]]:
    """The milliseconds of each request, and how it is refused.

    Raises:
        SystemExit: one is not refused.
    """
    found = {}
    for name, body in requests().items():
        status, answer = send(port, body)
        told = json.loads(answer)
        if "errors" not in told:
            raise SystemExit(f"{name} is not refused: {answer[:300]!r}")
        before = used(process)
        for _ in range(times):
            send(port, body)
        code = told["errors"][0]["extensions"]["code"]
        found[name] = (used(process) - before) / times, f"{status} {code}"
    return found


def main() -> None:
    """Print a table; the exit code says whether all is within the limit."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--times", type=int, default=20, help="how often each request is sent")
    times = asked.parse_args().times
    port = free_port()
    HOME.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ag-") as home:
        own = {name: value for name, value in os.environ.items() if not name.startswith("ARMGUARD_")}
        ours = {"ARMGUARD_DATA_DIR": home, "ARMGUARD_HOST": "127.0.0.1", "ARMGUARD_PORT": str(port), "ARMGUARD_ADDRESS_REQUESTS": "0"}
        with running("refusals", [sys.executable, "-m", "graph.cli", "serve"], port, {**own, **ours}, ROOT) as process:
            found = measured(port, process, times)
    table = Table(title=f"CPU of the server for each, {times} times", title_justify="left")
    for column in ("", "ms", "answer"):
        table.add_column(column, justify="right" if column == "ms" else "left")
    for name, (took, answer) in sorted(found.items(), key=lambda each: -each[1][0]):
        table.add_row(name, f"[red]{took:.1f}[/red]" if took > MOST_MS else f"{took:.1f}", answer)
    Console(width=120).print(table)
    sys.exit(any(took > MOST_MS for took, _ in found.values()))


if __name__ == "__main__":
    main()
