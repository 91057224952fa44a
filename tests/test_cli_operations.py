"""`armguard operations`, as somebody at the server's console runs it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from graph.cli.operations import _candidates
from graph.errors import StartupError
from tests.test_cli import armguard, done

ONE = "# Who am I?\nquery Who { viewer { ...Name } }\nfragment Name on Viewer { username }\n"
TWO = """
query First { scan(code: "A") { ...Weapon } }
query Second { viewer { username } }
fragment Weapon on Item { serial }
"""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def written(folder: Path, name: str, content: Any) -> Path:
    """A file for the command."""
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_documents_are_added_once_listed_and_retired(database_url: str, tmp_path: Path) -> None:
    file = written(tmp_path, "who.graphql", ONE)
    assert done("operations", "add", str(file), url=database_url) == f"{sha256(ONE)}  Who\n"
    assert done("operations", "add", str(file), url=database_url) == f"{sha256(ONE)}  Who  (known already)\n"
    (listed,) = json.loads(done("operations", "list", "--json", url=database_url))
    assert (listed["id"], listed["name"], listed["document"], listed["retiredAt"]) == (sha256(ONE), "Who", ONE, None)
    assert "retired" in done("operations", "retire", sha256(ONE), url=database_url)
    again = armguard("operations", "retire", sha256(ONE), url=database_url)
    assert (again.returncode, again.stderr.startswith("Refused: No known document has this id.")) == (1, True)
    assert done("operations", "list", url=database_url).split() == ["id", "name", "added"]
    assert sha256(ONE) in done("operations", "list", "--all", url=database_url)
    assert "The tables agree with the ledger." in done("ledger", "verify", url=database_url)


def test_a_file_with_several_operations_is_taken_apart(tmp_path: Path) -> None:
    first, second = _candidates(written(tmp_path, "two.graphql", TWO))
    assert (first.name, second.name) == ("First", "Second")
    assert "fragment Weapon" in first.text
    assert "fragment Weapon" not in second.text


@pytest.mark.parametrize(
    "manifest",
    [
        {sha256(ONE): ONE},
        {f"sha256:{sha256(ONE)}": ONE},
        {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": sha256(ONE), "body": ONE, "name": "Who"}]},
    ],
    ids=["Relay", "with a prefix", "Apollo"],
)
def test_manifests_are_read_as_the_usual_tools_write_them(tmp_path: Path, manifest: Any) -> None:
    (found,) = _candidates(written(tmp_path, "manifest.json", manifest))
    assert (found.text, found.name) == (ONE, "Who")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.graphql", "{ viewer { username } }", "each must have a name"),
        ("a.graphql", "fragment Name on Viewer { username }", "There must be an operation"),
        ("a.graphql", "query Who { viewer { ", "Syntax Error"),
        ("a.graphql", "query Who { viewr { username } }", "Cannot query field 'viewr'"),
        ("a.graphql", "query Dear { items(first: 100) { edges { node { history(first: 100) { edges { node { id } } } } } } }", "may cost"),
        ("a.graphql", f"query {'Q' * 65} {{ viewer {{ username }} }}", "more than 64 characters"),
        ("a.graphql", ONE + ONE, "a name of its own"),
        ("a.json", {"0123": ONE}, "is not the SHA-256 of its document"),
        ("a.json", [ONE], "is not a manifest"),
        ("a.json", {"operations": [{"id": "x"}]}, "is not a manifest"),
        ("a.json", "{", "is not a manifest"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole(tmp_path: Path, name: str, content: Any, why: str) -> None:
    with pytest.raises(StartupError, match=why):
        _candidates(written(tmp_path, name, content))


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"nothing\.graphql cannot be read"):
        _candidates(tmp_path / "nothing.graphql")
