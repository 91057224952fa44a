"""What a browser is shown."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

STATIC = Path(__file__).parent.parent / "static"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self' ws: wss:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def page(_request: Request) -> Response:
    """GraphiQL: everything that it needs comes from here."""
    headers = {"content-security-policy": PAGE_POLICY, "cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return FileResponse(STATIC / "graphiql" / "index.html", headers=headers)
