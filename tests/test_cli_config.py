"""`armguard config check`, as somebody runs it before going into service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graph.address import Addresses
from graph.cli.config import masked
from graph.settings import Settings
from tests.chaos.processes import free_port
from tests.test_cli import armguard


def checked(at: Addresses | None = None, **settings: str) -> tuple[int, list[dict[str, str]], dict[str, dict[str, str]]]:
    """The exit code, what was found, and the settings by their names."""
    given = {"ARMGUARD_OWNER_URL": at.owner, **settings} if at else settings
    result = armguard("config", "check", "--json", url=at.runtime if at else "", **given)
    assert result.stdout, result.stderr
    told = json.loads(result.stdout)
    return result.returncode, told["findings"], {each["name"]: each for each in told["settings"]}


def grades(findings: list[dict[str, str]], part: str) -> list[str]:
    return [each["grade"] for each in findings if each["part"] == part]


def test_an_installation_that_will_do(small_world: Addresses) -> None:
    code, findings, settings = checked(small_world)
    assert code == 0
    assert {part: grades(findings, part) for part in ("database", "rights", "sign-in")} == {
        "database": ["ok"],
        "rights": ["ok"],
        "sign-in": ["ok"],
    }
    assert settings["ARMGUARD_DATABASE_URL"]["from"] == "environment"
    assert settings["ARMGUARD_PORT"] == {"name": "ARMGUARD_PORT", "value": "8000", "from": "default"}
    assert set(settings) == {f"ARMGUARD_{name.upper()}" for name in Settings.model_fields}


def test_whoever_owns_the_tables_and_serves_is_noted(small_world: Addresses) -> None:
    code, findings, _ = checked(Addresses(small_world.owner, small_world.owner))
    assert (code, grades(findings, "rights")) == (0, ["note"])


def test_what_would_not_work_is_wrong(small_world: Addresses) -> None:
    nobody = f"redis://:hunter2@127.0.0.1:{free_port()}/"
    code, findings, settings = checked(small_world, ARMGUARD_PERSISTED_ONLY="true", ARMGUARD_BROADCAST_URL=nobody, ARMGUARD_PROT="80")
    assert code == 1
    assert [grades(findings, part) for part in ("documents", "ARMGUARD_BROADCAST_URL", "settings")] == [["wrong"], ["wrong"], ["note"]]
    assert settings["ARMGUARD_BROADCAST_URL"]["value"].startswith("redis://:***@127.0.0.1")
    assert "hunter2" not in json.dumps(findings)


def test_a_database_that_does_not_answer_is_wrong_and_its_password_is_not_told() -> None:
    result = armguard("config", "check", url=f"postgresql://armguard:hunter2@127.0.0.1:{free_port()}/armguard")
    assert result.returncode == 1
    assert "WRONG  database: The database armguard at 127.0.0.1" in result.stdout
    assert "hunter2" not in result.stdout + result.stderr


def test_every_setting_that_does_not_fit_is_named_without_its_value() -> None:
    result = armguard("config", "check", ARMGUARD_PORT="hunter2", ARMGUARD_SECOND_FACTOR_ROLES="ADMIN,HUNTER2", ARMGUARD_POOL_SIZE="1")
    assert result.returncode == 1
    for name in ("PORT", "SECOND_FACTOR_ROLES", "POOL_SIZE"):
        assert f"The setting ARMGUARD_{name} has a value that does not fit." in result.stdout
    assert "hunter2" not in (result.stdout + result.stderr).lower()


def test_nothing_is_made_where_nothing_is_yet(tmp_path: Path) -> None:
    code, findings, _ = checked(ARMGUARD_DATA_DIR=str(tmp_path / "data"))
    assert (code, grades(findings, "database")) == (0, ["ok"])
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("database_url", "postgresql://a:b@host:5432/name", "postgresql://a:***@host:5432/name"),
        ("database_url", "postgresql://host/name?user=a&password=b", "postgresql://host/name?user=a&password=***"),
        ("database_url", "postgresql://a:b@c/d@host:5432/name", "postgresql://a:***@host:5432/name"),
        ("some_secret", "b", "***"),
        ("query_tokens", 2000, "2000"),
        ("origins", ("https://a.example", "https://b.example"), "https://a.example,https://b.example"),
    ],
)
def test_secrets_are_masked(name: str, value: Any, shown: str) -> None:
    assert masked(name, value) == shown


def test_roles_are_given_with_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMGUARD_SECOND_FACTOR_ROLES", "admin, COMMANDER")
    monkeypatch.setenv("ARMGUARD_EXPLORER_ROLES", "")
    settings = Settings()
    assert (settings.second_factor_roles, settings.explorer_roles) == (("ADMIN", "COMMANDER"), ())
