"""Who calls a server from a terminal: by a token, or signed in by password for as long as the sign-in goes on."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from graph.errors import (
    ArmGuardError,
    BadInput,
    Forbidden,
    Refusal,
    RefusalCode,
    Refused,
    StartupError,
    Unauthenticated,
    Unavailable,
    UnknownDocument,
)

# What `armguard watch` asks; every server knows this document beforehand.
DOCUMENT = (Path(__file__).parents[1] / "schema" / "watch.graphql").read_text(encoding="utf-8")
ENDPOINT = "/graphql"
ANSWER_SECONDS = 5.0  # shorter than a refresh token is exchanged again, so that one whose answer was lost is sent in time
RENEWED_AFTER = 0.9  # of the time that a token is good
NO_USE = {kind.code: kind for kind in (Unauthenticated, Forbidden, BadInput, UnknownDocument)}  # what trying again does not mend


class Caller:
    """Asks a server over HTTP, and has the token for its sockets."""

    def __init__(self, url: str, token: str | None = None, renewed_after: float = RENEWED_AFTER) -> None:
        self.url = _endpoint(url)
        self.token = token
        self._renewed_after = renewed_after
        self._renew_at: float | None = None
        self._refresh_token: str | None = None
        self._http: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        self._http = httpx.AsyncClient(timeout=ANSWER_SECONDS, headers={"user-agent": "armguard watch"})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @property
    def socket_url(self) -> str:
        """The address for sockets."""
        return self.url.replace("http", "ws", 1)

    @property
    def signed_in(self) -> bool:
        """Whether it has signed in by password, and can get the next token by itself."""
        return self._refresh_token is not None

    def good_for(self) -> float | None:
        """For how many seconds the token can be used before the next should be got; None: for as long as the server takes it."""
        return None if self._renew_at is None else max(0.0, self._renew_at - time.monotonic())

    async def ask(self, operation: str, **variables: Any) -> dict[str, Any]:
        """The data that an operation of the document answers with.

        Raises:
            Unavailable: there is no answer now.
            Unauthenticated: the server does not take the token.
            Forbidden: the account, or its token, may not ask this.
            BadInput: the server does not know what is asked.
        """
        data, _ = await self._ask(operation, variables)
        return data

    async def _ask(self, operation: str, variables: dict[str, Any]) -> tuple[dict[str, Any], httpx.Response]:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        body = {"query": DOCUMENT, "operationName": operation, "variables": variables}
        try:
            response = await self._http.post(self.url, json=body, headers=headers)
            answer = response.json()
        except (httpx.HTTPError, ValueError):
            raise Unavailable(f"There is no answer from {self.url}.") from None
        if not isinstance(answer, dict) or not (answer.get("errors") or isinstance(answer.get("data"), dict)):
            raise Unavailable(f"What answers at {self.url} is not ArmGuard.")
        if answer.get("errors"):
            raise told_as(answer["errors"])
        return answer["data"], response

    async def sign_in(self, username: str, password: str, code: str | None) -> None:
        """Sign in by password, and if the account has a second factor, by its code.

        Raises:
            Refused: the server says no, and why.
            StartupError: the account must do something else first.
            Unavailable: there is no answer now.
        """
        await self._begin("SignIn", "signIn", {"username": username, "password": password, "code": code})

    async def renew(self) -> None:
        """Get the next token.

        Raises:
            Unauthenticated: it has none to get it with: it was called with a token for programs.
            Refused: the sign-in has ended.
            Unavailable: there is no answer now.
        """
        if self._refresh_token is None:
            raise Unauthenticated("The server does not take this token: it was revoked, or has run out.")
        await self._begin("Refresh", "refresh", {"refreshToken": self._refresh_token})

    async def _begin(self, operation: str, field: str, given: dict[str, Any]) -> None:
        data, response = await self._ask(operation, {"input": given})
        outcome = data[field]
        if outcome["__typename"] == "Refused":
            raise Refused([_refusal(**refusal) for refusal in outcome["refusals"]])
        if outcome["unfinished"]:
            raise StartupError("This account must first be given a password or a second factor of its own: sign in with it in GraphiQL.")
        self.token, self._refresh_token = outcome["token"], outcome["refreshToken"]
        lasts = (datetime.fromisoformat(outcome["expiresAt"]) - _time_of(response)).total_seconds()
        self._renew_at = time.monotonic() + max(1.0, lasts * self._renewed_after)

    async def sign_out(self) -> None:
        """Sign out, if it had signed in and the server is there: its tokens are worth nothing from then on."""
        if self.signed_in:
            with contextlib.suppress(ArmGuardError):
                await self.ask("SignOut")


def told_as(errors: Sequence[dict[str, Any]]) -> ArmGuardError:
    """The errors of an answer as one of ours: `Unavailable` for all that another try may mend."""
    code = (errors[0].get("extensions") or {}).get("code")
    return NO_USE.get(str(code), Unavailable)(str(errors[0].get("message")))


def _refusal(code: str, message: str) -> Refusal:
    return Refusal(RefusalCode(code) if code in RefusalCode.__members__ else RefusalCode.SIGN_IN_FAILED, message)


def _time_of(response: httpx.Response) -> datetime:
    """What time it was at the server: the clock of this computer may be wrong."""
    with contextlib.suppress(KeyError, ValueError):
        return parsedate_to_datetime(response.headers["date"])
    return datetime.now(UTC)


def _endpoint(url: str) -> str:
    """Where a server takes operations, given the address of it or of its page."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise StartupError("--url must look like http://127.0.0.1:8000 or https://armguard.example.")
    return parts._replace(path=parts.path.rstrip("/").removesuffix(ENDPOINT) + ENDPOINT, query="", fragment="").geturl()
