"""What a browser is shown, and what else is asked for without a body."""

from __future__ import annotations

from pathlib import Path

from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp

from graph.transport.answers import unanswered
from graph.transport.persisted import BY_ID

STATIC = Path(__file__).parent.parent / "static"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def asked_without_body(request: Request, view: ASGIApp) -> ASGIApp:
    """The page for who comes without a question, and the view for who asks for a known document.

    Another in the address is not run: addresses are kept in histories and logs.
    """
    if request.method not in ("GET", "HEAD"):
        return unanswered(HTTPException(405, "Send operations by POST."))
    if request.method == "GET" and "query" not in request.query_params and request.query_params.keys() & BY_ID:
        return view
    if request.query_params.keys() & {"query", "mutation", "variables", "extensions", "operationName"}:
        return unanswered(HTTPException(405, "Of operations in an address only known ones are run, by `documentId`: send others by POST."))
    return page()


def page() -> Response:
    """GraphiQL: everything that it needs comes from here."""
    return FileResponse(STATIC / "graphiql" / "index.html", headers={"content-security-policy": PAGE_POLICY, "cache-control": "no-cache"})
