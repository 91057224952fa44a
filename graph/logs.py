"""Logs: one JSON object a line on standard error, each with its request id; the libraries' own lines too."""

from __future__ import annotations

import logging
import sys
import warnings
from datetime import UTC, datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, TextIO

import structlog

_requests: TextIO | None = None  # where the lines of requests go, if the level lets them


def start_logs(level: str) -> None:
    """Set the logs of this process."""
    global _requests
    _requests = sys.stderr if logging.getLevelName(level) <= logging.INFO else None
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_in_one_line)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer(), foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("strawberry", "tortoise", "asyncio", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("strawberry.execution").setLevel(logging.CRITICAL)
    logging.captureWarnings(True)
    # Of a request that is cut off, graphql-core begins no field that it has not begun: Python complains of each.
    warnings.filterwarnings("ignore", r"coroutine '.*' was never awaited", RuntimeWarning)


CLIENTS_OWN = (
    "Invalid UTF-8 sequence received from client.",
    "ASGI callable returned without completing handshake.",  # a client that asked for a socket had gone before it was answered
)


def _in_one_line(record: logging.LogRecord) -> bool:
    """What is no fault of ours needs no traceback: what a library only warns of, and what uvicorn calls an error but a client has done.

    Nor is an address said with its query, in which a client may have put a secret.
    """
    if record.name == "uvicorn.error" and '"WebSocket %s"' in record.msg and isinstance(record.args, tuple):
        record.args = tuple(part.partition("?")[0] if isinstance(part, str) else part for part in record.args)
    if record.msg in CLIENTS_OWN:
        record.levelno, record.levelname = logging.INFO, "INFO"
    if record.exc_info and record.levelno < logging.ERROR:
        record.msg = f"{record.msg} ({getattr(record.exc_info[0], '__name__', 'no exception')})"
        record.exc_info = None
    return True


def log_request(request_id: str, method: str, path: str, status: int) -> None:
    """Say that a request is answered. The line is as structlog makes it, but made by hand: it is written for every request."""
    if _requests is not None:
        now = datetime.now(UTC).isoformat()[:-6]
        what = f'"method": {quoted(method)}, "path": {quoted(path)}, "status": {status}, "event": "request"'
        _requests.write(f'{{{what}, "request_id": "{request_id}", "level": "info", "timestamp": "{now}Z"}}\n')
        _requests.flush()
