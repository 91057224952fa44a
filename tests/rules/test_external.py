"""What the settings for an issuer must be, which tokens are looked at as its, and where a claim stands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from graph.errors import StartupError
from graph.rules.external import at_path, identity_of, is_external, values_at
from graph.settings import is_safe_url, read_settings
from graph.words import Role

GOOD = {
    "ISSUER": "https://sso.example.mil/realms/base",
    "AUDIENCE": "armguard",
    "ROLES": '{"arms-room": ["ARMORER"], "command": "COMMANDER"}',
}


README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str, begins: str) -> str:
    """The block of the README that begins so."""
    (found,) = re.findall(rf"^```{language}\n({begins}.*?)^```", README, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_example_of_the_readme_is_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in block("ini", "ARMGUARD_OIDC_").splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    claims = json.loads(block("json", '{"iss"'))
    identity = identity_of(claims, read_settings(), claims["iat"] + 1)
    assert (identity.username, identity.roles, identity.armories, identity.units) == ("ocampo", (Role.ARMORER,), ("NORTH",), ())
    assert not identity.all_armories


def given(monkeypatch: pytest.MonkeyPatch, **other: str | None) -> None:
    for name, value in {**GOOD, **other}.items():
        if value is not None:
            monkeypatch.setenv(f"ARMGUARD_OIDC_{name}", value)


def test_settings_that_go_together_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ARMORIES_CLAIM="groups", ARMORIES='{"/north": "NORTH", "/hq": ["*"]}', ALGORITHMS='["RS256"]')
    settings = read_settings()
    assert settings.oidc_roles == {"arms-room": (Role.ARMORER,), "command": (Role.COMMANDER,)}
    assert settings.oidc_armories == {"/north": ("NORTH",), "/hq": ("*",)}
    assert settings.oidc_algorithms == ("RS256",)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"ISSUER": "http://sso.example.mil"}, "OIDC_ISSUER must be an https"),
        ({"ISSUER": "sso.example.mil"}, "OIDC_ISSUER must be an https"),
        ({"ISSUER": "https://user:secret@sso.example.mil"}, "OIDC_ISSUER must be an https"),
        ({"ISSUER": "https://sso.example.mil?realm=base"}, "OIDC_ISSUER must be an https"),
        ({"ISSUER": "https://sso.example.mil:99999"}, "OIDC_ISSUER must be an https"),
        ({"JWKS_URL": "http://sso.example.mil/certs"}, "OIDC_JWKS_URL must be an https"),
        ({"JWKS_URL": "file:///etc/keys"}, "OIDC_JWKS_URL must be an https"),
        ({"AUDIENCE": None}, "set ARMGUARD_OIDC_AUDIENCE too"),
        ({"ROLES": None}, "set ARMGUARD_OIDC_ROLES too"),
        ({"ROLES": '{"arms-room": []}'}, "set ARMGUARD_OIDC_ROLES too"),
        ({"ROLES": '{"keys": ["ADMIN"]}'}, "set ARMGUARD_OIDC_ADMINS=true too"),
        ({"ROLES": '{"arms-room": ["COLONEL"]}'}, "ARMGUARD_OIDC_ROLES"),
        ({"ROLES": "arms-room=ARMORER"}, "The setting ARMGUARD_OIDC_ROLES has a value that does not fit. It is: A JSON object"),
        ({"ROLES": '["ARMORER"]'}, "ARMGUARD_OIDC_ROLES"),
        ({"ARMORIES": '{"/north": ["NORTH"]}'}, "set ARMGUARD_OIDC_ARMORIES_CLAIM too"),
        ({"UNITS": '{"/wing": ["WING"]}'}, "set ARMGUARD_OIDC_UNITS_CLAIM too"),
        ({"ALGORITHMS": '["HS256"]'}, "ARMGUARD_OIDC_ALGORITHMS"),
        ({"ALGORITHMS": '["none"]'}, "ARMGUARD_OIDC_ALGORITHMS"),
        ({"ALGORITHMS": "[]"}, "ARMGUARD_OIDC_ALGORITHMS is empty"),
        ({"ALGORITHMS": "RS256"}, "ARMGUARD_OIDC_ALGORITHMS"),
        ({"LEEWAY_SECONDS": "3600"}, "ARMGUARD_OIDC_LEEWAY_SECONDS"),
        ({"ISSUER": "https://sso.example.mil/" + "x" * 256}, "ARMGUARD_OIDC_ISSUER"),
    ],
)
def test_settings_that_do_not_are_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, other: dict[str, Any], says: str) -> None:
    given(monkeypatch, **other)
    with pytest.raises(StartupError) as told:
        read_settings()
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_without_an_issuer_the_rest_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, ISSUER=None, AUDIENCE=None)
    assert read_settings().oidc_issuer == ""


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://sso.example.mil/certs?p=b2c", True),
        ("http://localhost:8080/realms/base", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:8080/", True),
        ("http://localhost.example.mil/", False),
        ("http://127.0.0.1.example.mil/", False),
        ("http://10.0.0.1/", False),
        ("ftp://localhost/", False),
        ("https://", False),
        ("https:///certs", False),
        ("https://sso.example.mil/#keys", False),
        ("https://sso.example.mil/ x", False),
        ("http://[::1/", False),
    ],
)
def test_an_address_is_safe_if_nobody_can_change_what_comes_from_it(url: str, safe: bool) -> None:
    assert is_safe_url(url) is safe


@pytest.mark.parametrize(
    ("token", "external"),
    [
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", True),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", True),
        ("a.b." + "c" * 20_000, True),
        ("armgs_J2nYh7_-q", False),
        ("armg_J2nYh7_-q", False),
        ("..", False),
        ("a.b", False),
        ("a.b.c.d", False),
        ("a.b.c\n", False),
        ("a.b.c=", False),
        ("a.b.\xe9", False),
        ("", False),
    ],
)
def test_a_jwt_is_known_by_its_form(token: str, external: bool) -> None:
    assert is_external(token) is external


CLAIMS = {
    "realm_access": {"roles": ["a", "b", 1, None, "x\ny"]},
    "resource_access": {"arms.counter": {"roles": ["c"]}},
    "https://example.mil/roles": ["d"],
    "scope": "openid e",
    "role": "f g",
    "a.b": ["whole"],
    "a": {"b": ["within"]},
    "deep": {"list": [["h"]]},
    "empty": {},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("realm_access.roles", ["a", "b"]),
        ("resource_access.arms.counter.roles", ["c"]),
        ("https://example.mil/roles", ["d"]),
        ("scope", ["openid e", "openid", "e"]),
        ("role", ["f g", "f", "g"]),
        ("a.b", ["whole"]),
        ("deep.list", []),
        ("realm_access", []),
        ("realm_access.roles.0", []),
        ("empty.roles", []),
        ("none", []),
        (".", []),
    ],
)
def test_a_claim_is_found_by_its_name_or_by_names_within_names(path: str, values: list[str]) -> None:
    assert values_at(CLAIMS, path) == values
    assert json.dumps(at_path(CLAIMS, path), default=str)
