"""The house is as its plan says: who may use what, and where SQL may stand. (Imports between rooms: import-linter, in `make lint`.)"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

GRAPH = Path(__file__).parent.parent / "graph"
MODULES = sorted(path for path in GRAPH.rglob("*.py") if "static" not in path.parts)
SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT INTO|UPDATE\s+\w+\s+SET|DELETE FROM|CREATE (TABLE|INDEX|TRIGGER|FUNCTION))\b", re.DOTALL)
SQL_ROOMS = ("models", "resolvers", "audit", "database.py", "grants.py")


def room(path: Path) -> str:
    """The room that a module is in: its folder, or itself."""
    return path.relative_to(GRAPH).parts[0]


def imported(path: Path) -> Iterator[str]:
    for step in ast.walk(ast.parse(path.read_text())):
        if isinstance(step, ast.Import):
            yield from (alias.name for alias in step.names)
        elif isinstance(step, ast.ImportFrom) and step.module:
            yield from (f"{step.module}.{alias.name}" for alias in step.names)


def strings(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    docstrings = {id(step.body[0].value) for step in ast.walk(tree) if _has_docstring(step)}  # type: ignore[attr-defined]
    for step in ast.walk(tree):
        if isinstance(step, ast.Constant) and isinstance(step.value, str) and id(step) not in docstrings:
            yield step.value


def _has_docstring(step: ast.AST) -> bool:
    return isinstance(step, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(step) is not None


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        ("strawberry", ("schema", "transport", "app.py")),
        ("tortoise.transactions", ("database.py",)),
        ("aerich", ("database.py",)),
        ("broadcaster", ("broker.py",)),
        ("typer", ("cli",)),
        ("starlette", ("transport", "app.py")),
        ("sqlite3", ("commands",)),
    ],
)
def test_a_library_is_used_in_its_own_rooms_only(library: str, rooms: tuple[str, ...]) -> None:
    users = {room(path) for path in MODULES for name in imported(path) if name == library or name.startswith(library + ".")}
    assert users <= set(rooms)
    assert users, f"nobody uses {library}: is this line of the plan still true?"


def test_sql_stands_where_it_may() -> None:
    found = {str(path.relative_to(GRAPH)) for path in MODULES for text in strings(path) if SQL.search(text) and room(path) not in SQL_ROOMS}
    found -= {"commands/legacy_file.py"}  # it reads the earlier system's own database file
    assert found == set()


def test_rules_and_what_verifies_need_no_database() -> None:
    pure = [path for path in MODULES if room(path) == "rules" or path.name in ("canonical.py", "verify.py")]
    used = {name for path in pure for name in imported(path) if name.split(".")[0] in ("tortoise", "asyncpg", "strawberry")}
    used |= {name for path in pure for name in imported(path) if name.startswith(("graph.database", "graph.models"))}
    assert used == set()


def test_no_module_is_two() -> None:
    assert [path.name for path in MODULES if len(path.read_text().splitlines()) >= 500] == []


def test_every_module_says_what_it_is() -> None:
    assert [path for path in MODULES if not ast.get_docstring(ast.parse(path.read_text()))] == []
