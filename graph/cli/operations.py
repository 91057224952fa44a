"""`armguard operations`: the documents that are known beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table

from graph.cli.base import AsJson, at_console, refused_or
from graph.commands import operations
from graph.commands.operations import Added, id_of_document
from graph.errors import StartupError
from graph.models.operations import Operation
from graph.settings import read_settings

if TYPE_CHECKING:
    from graph.schema.api import ArmGuardSchema

LONGEST_NAME = 64  # characters
operations_app = typer.Typer(help="The GraphQL documents that are known beforehand, and asked for by their ids.", no_args_is_help=True)


@dataclass(frozen=True)
class Candidate:
    """A document that is to be known, and the name of its operation."""

    text: str
    name: str


@operations_app.command("add")
def operations_add(
    files: Annotated[
        list[Path], typer.Argument(help="A .graphql file, or a JSON manifest of ids and documents, as Apollo's and Relay's tools write.")
    ],
    as_json: AsJson = False,
) -> None:
    """Make documents known: all of the files, if each fits the schema and the limits. Doing it twice changes nothing.

    A file with one operation is kept as it stands, with its fragments, so that its id is the SHA-256 of the file. Of a file with several
    operations each becomes a document of its own, with the fragments that it uses.
    """
    candidates = [candidate for file in files for candidate in _candidates(file)]

    async def add() -> list[Added]:
        return [refused_or(await operations.add_operation(operations.AddOperation(uuid4(), each.name, each.text))) for each in candidates]

    added = at_console(add)
    if as_json:
        shown = [{"id": each.document_id, "name": of.name, "new": each.new} for each, of in zip(added, candidates, strict=True)]
        print(json.dumps(shown))
        return
    for each, of in zip(added, candidates, strict=True):
        print(f"{each.document_id}  {of.name}" + ("" if each.new else "  (known already)"))


@operations_app.command("list")
def operations_list(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are retired.")] = False, as_json: AsJson = False
) -> None:
    """List the known documents."""

    async def read() -> list[Operation]:
        found = Operation.all() if everything else Operation.filter(retired_at=None)
        return await found.order_by("name", "added_at")

    rows = at_console(read)
    if as_json:
        print(json.dumps([_shown(row) for row in rows]))
        return
    table = Table("id", "name", "added", *(["retired"] if everything else []), box=None)
    for row in rows:
        retired = [f"{row.retired_at:%Y-%m-%d %H:%M}" if row.retired_at else ""] if everything else []
        table.add_row(row.document_id, row.name, f"{row.added_at:%Y-%m-%d %H:%M}", *retired)
    Console(highlight=False, soft_wrap=True).print(table)


def _shown(row: Operation) -> dict[str, object]:
    retired_at = row.retired_at.isoformat() if row.retired_at else None
    return {"id": row.document_id, "name": row.name, "addedAt": row.added_at.isoformat(), "retiredAt": retired_at, "document": row.document}


@operations_app.command("retire")
def operations_retire(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="The document's id, as `operations list` shows it.")],
) -> None:
    """Retire a document: within five seconds no server answers to its id any more. Streams that have begun with it go on."""
    document_id = document_id.removeprefix("sha256:").lower()
    refused_or(at_console(lambda: operations.retire_operation(operations.RetireOperation(uuid4(), document_id))))
    print(f"Document {document_id} retired.")


def _candidates(file: Path) -> list[Candidate]:
    """The documents of a file.

    Raises:
        StartupError: it cannot be read, or one of them does not fit the schema or the limits.
    """
    from graph.schema.api import build_schema  # it takes a while to load, which no other command should wait for

    schema = build_schema(read_settings())
    return [candidate for source, text in _texts(file) for candidate in _taken_apart(schema, source, text)]


def _taken_apart(schema: ArmGuardSchema, source: str, text: str) -> list[Candidate]:
    from graphql import GraphQLError, OperationDefinitionNode, parse, print_ast, separate_operations

    from graph.schema.documents import Document

    try:
        whole = parse(text, **schema.documents.reading)
        names = [each.name.value if each.name else "" for each in whole.definitions if isinstance(each, OperationDefinitionNode)]
        if not names or not all(names) or len(set(names)) < len(names):
            raise GraphQLError("There must be an operation, and each must have a name of its own.")
        if longest := [name for name in names if len(name) > LONGEST_NAME]:
            raise GraphQLError(f"The name {longest[0][:20]}… has more than {LONGEST_NAME} characters.")
        texts = [text] if len(names) == 1 else [print_ast(part) for part in separate_operations(whole).values()]
        for part in texts:
            if errors := schema.documents.errors(schema._schema, part, Document(parse(part, **schema.documents.reading)), {}):
                raise errors[0]
    except GraphQLError as error:
        raise StartupError(f"{source}: {error.message} Nothing was added.") from None
    return [Candidate(part, name) for part, name in zip(texts, names, strict=True)]


def _texts(file: Path) -> Iterator[tuple[str, str]]:
    """The documents of a file, and where they stand."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StartupError(f"{file.name} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.") from None
    if file.suffix.lower() != ".json":
        yield file.name, text
        return
    for document_id, document in _manifest(file.name, text).items():
        if id_of_document(document) != document_id.removeprefix("sha256:"):
            raise StartupError(
                f"{file.name}: {document_id} is not the SHA-256 of its document. Have the tool that wrote it name documents so "
                '(Relay: "persistConfig": {"algorithm": "SHA256"}). Nothing was added.'
            )
        yield f"{file.name}, {document_id}", document


def _manifest(name: str, text: str) -> Mapping[str, str]:
    """Ids and documents: as Relay writes them, or as Apollo does."""
    try:
        manifest = json.loads(text)
        if "operations" in manifest:
            manifest = {each["id"]: each["body"] for each in manifest["operations"]}
    except (ValueError, LookupError, TypeError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict) or not manifest or not all(isinstance(each, str) for each in manifest.values()):
        raise StartupError(f'{name} is not a manifest: that is a JSON object {{"id": "document"}}, or what Apollo\'s tool writes.')
    return manifest
