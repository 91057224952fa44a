"""Whoever signs in elsewhere: which tokens of the organisation's issuer are taken, and what their claims make of an account here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc.errors import ClaimError, ExpiredTokenError, MissingClaimError
from joserfc.jwt import JWTClaimsRegistry

from graph.errors import Unauthenticated
from graph.settings import Settings
from graph.words import Role

LONGEST_TOKEN = 16 * 1024  # characters
LONGEST_LIFE_SECONDS = 366 * 24 * 3600
LONGEST_NAME, LONGEST_SUBJECT = 64, 255
EVERYTHING = "*"  # of a mapping to arms rooms: all of them

_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
# RFC 9068 calls an access token `at+jwt`; most issuers say only that it is a JWT, or nothing.
ACCESS_TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
# What only an ID token has (OpenID Connect Core 1.0, sections 2 and 3.3.2.11). It tells a program who its user is, and opens nothing here.
OF_ID_TOKENS = ("nonce", "at_hash", "c_hash")

ELSEWHERE = "Get a new one from your organisation's sign-in."
EXPIRED = f"This token has expired. {ELSEWHERE}"
WRONG = {
    "iss": "This token is of another issuer than the one that ArmGuard trusts.",
    "aud": "This token is for another service: its audience is not ArmGuard's.",
    "sub": "This token does not say whose it is (`sub`).",
    "exp": "This token does not say until when it is good (`exp`).",
    "iat": "This token does not say when it was issued (`iat`), or says a time to come.",
    "nbf": "This token is not good yet (`nbf`).",
}


@dataclass(frozen=True)
class Identity:
    """Whoever a token of the issuer is for, and what its claims give: codes of arms rooms and units; None where the claims do not decide.

    `issued_at` is in seconds since 1970: of two tokens that say different things the newer one counts.
    """

    issuer: str
    subject: str
    username: str
    roles: tuple[Role, ...]
    armories: tuple[str, ...] | None
    units: tuple[str, ...] | None
    all_armories: bool
    issued_at: int
    expires_at: datetime


def is_external(token: str) -> bool:
    """Whether a bearer token has the form of a JWT, which none of our own has."""
    return token.count(".") == 2 and (len(token) > LONGEST_TOKEN or _FORM.fullmatch(token) is not None)


def check_header(header: Mapping[str, Any], settings: Settings) -> tuple[str, str | None]:
    """With which algorithm a token says to be signed, and with the key of which id. It is not believed before the signature is checked.

    Raises:
        Unauthenticated: it is not signed as the settings allow, asks for more than we know, or is no access token.
    """
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "")
    if algorithm not in settings.oidc_algorithms:
        raise Unauthenticated("This token is not signed with an algorithm that ArmGuard allows.")
    if "crit" in header or not isinstance(kid, str | None):
        raise Unauthenticated("This token asks for an extension that ArmGuard does not know.")
    if not isinstance(kind, str) or kind.lower() not in ACCESS_TYPES:
        raise Unauthenticated("This is no access token. Send the access token of your organisation's sign-in.")
    return str(algorithm), kid


def identity_of(claims: Mapping[str, Any], settings: Settings, now: float) -> Identity:
    """Whoever the claims of a token, whose signature is good, are for; `now` is in seconds since 1970.

    Raises:
        Unauthenticated: it is not for ArmGuard, not good now, no access token, or has nothing that could be a username.
    """
    _check_claims(claims, settings, now)
    if any(name in claims for name in OF_ID_TOKENS) or str(claims.get("typ", "Bearer")).lower() != "bearer":
        raise Unauthenticated("This is no access token. Send the access token of your organisation's sign-in.")
    if "cnf" in claims:  # RFC 9449, 7.1, and RFC 8705, 3
        raise Unauthenticated("This token is bound to a key, which ArmGuard does not ask for. Get one that is not.")
    if not _is_text(claims["sub"], LONGEST_SUBJECT):
        raise Unauthenticated(WRONG["sub"])
    username = at_path(claims, settings.oidc_username_claim)
    if not _is_name(username):
        wanted = f"username of at most {LONGEST_NAME} characters and without a colon"
        raise Unauthenticated(f"This token has no {wanted} (`{settings.oidc_username_claim}`).")
    armories, everything = _scope(claims, settings.oidc_armories_claim, settings.oidc_armories)
    units, _ = _scope(claims, settings.oidc_units_claim, settings.oidc_units)
    if armories is not None or units is not None:  # what one of the two does not say is nothing
        armories, units = armories or (), units or ()
    return Identity(
        issuer=settings.oidc_issuer,
        subject=claims["sub"],
        username=username,
        roles=_roles(claims, settings),
        armories=armories,
        units=units,
        all_armories=everything,
        issued_at=max(0, int(claims["iat"])),
        expires_at=datetime.fromtimestamp(min(claims["exp"] + settings.oidc_leeway_seconds, now + LONGEST_LIFE_SECONDS), UTC),
    )


def _check_claims(claims: Mapping[str, Any], settings: Settings, now: float) -> None:
    checks = JWTClaimsRegistry(
        now=int(now),
        leeway=settings.oidc_leeway_seconds,
        iss={"essential": True, "value": settings.oidc_issuer},
        aud={"essential": True, "value": settings.oidc_audience},
        sub={"essential": True},
        exp={"essential": True, "allow_blank": True},
        iat={"essential": True, "allow_blank": True},
    )
    try:
        checks.validate(dict(claims))
    except ExpiredTokenError:
        raise Unauthenticated(EXPIRED) from None
    except MissingClaimError as missing:
        raise Unauthenticated(WRONG[missing.claim.split(",")[0]]) from None
    except ClaimError as wrong:
        raise Unauthenticated(WRONG.get(wrong.claim, f"This token is not as it must be. {ELSEWHERE}")) from None


def _roles(claims: Mapping[str, Any], settings: Settings) -> tuple[Role, ...]:
    told = set(values_at(claims, settings.oidc_roles_claim))
    given = {role for value, roles in settings.oidc_roles.items() if value in told for role in roles}
    return tuple(role for role in Role if role in given)


def _scope(claims: Mapping[str, Any], claim: str, mapping: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...] | None, bool]:
    """The codes that a claim gives: by the mapping, or without one itself. And whether it gives everything; only a mapping can."""
    if not claim:
        return None, False
    told = values_at(claims, claim)
    codes = [code for value in told for code in mapping.get(value, ())] if mapping else told
    kept = sorted({code.upper() for code in codes if code != EVERYTHING})
    return tuple(kept), bool(mapping) and EVERYTHING in codes


def values_at(claims: Mapping[str, Any], path: str) -> list[str]:
    """The texts of a claim: of a list each, of one text itself and its words, as those of `scope` are."""
    found = at_path(claims, path)
    if isinstance(found, str):
        found = [found, *found.split()]
    return [value for value in found if _is_text(value, 256)] if isinstance(found, list) else []


def at_path(claims: Mapping[str, Any], path: str) -> Any:
    """What stands at a claim's name, or at names joined by dots, one within the other; a name may have dots of its own."""
    return next(_at(claims, path), None)


def _at(claims: Mapping[str, Any], path: str) -> Iterator[Any]:
    if path in claims:
        yield claims[path]
    for place, character in enumerate(path):
        if character == "." and isinstance(inner := claims.get(path[:place]), dict):
            yield from _at(inner, path[place + 1 :])


def _is_name(value: Any) -> bool:
    """Whether it is a name that could be nobody else's in the ledger: `console:` and `system:` begin those of no account."""
    if not _is_text(value, LONGEST_NAME) or len(value.lower()) > LONGEST_NAME:
        return False
    return value == unicodedata.normalize("NFKC", value.strip()) and ":" not in value


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
