"""The line of a request is made by hand, and yet the same as structlog would make."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from graph.logs import log_request, start_logs


@contextlib.contextmanager
def logging_at(level: str) -> Iterator[io.StringIO]:
    """What is logged at a level."""
    taken = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stderr", taken)
        start_logs(level)
    try:
        yield taken
    finally:
        structlog.contextvars.clear_contextvars()
        start_logs("ERROR")


@pytest.mark.parametrize("path", ["/graphql", '/static/a"b\\c', "/\u00e9\u20ac\U0001f600", "/\ud800\n{0}%s"])
def test_the_line_of_a_request_is_the_one_that_structlog_makes(path: str) -> None:
    with logging_at("INFO") as lines:
        structlog.contextvars.bind_contextvars(request_id="01a2116d-e6af-73e7-a70c-50052351f4cf")
        structlog.get_logger("armguard.http").info("request", method="POST", path=path, status=200)
        log_request("01a2116d-e6af-73e7-a70c-50052351f4cf", "POST", path, 200)
    theirs, ours = (re.sub(r"T[0-9:]{8}(\.[0-9]{6})?Z", "Tnow", line) for line in lines.getvalue().splitlines())
    assert ours == theirs
    assert json.loads(ours)["path"] == path


@pytest.mark.parametrize(("level", "logged"), [("DEBUG", 1), ("INFO", 1), ("WARNING", 0), ("ERROR", 0)])
def test_requests_are_logged_if_the_level_lets_them(level: str, logged: int) -> None:
    with logging_at(level) as lines:
        log_request("x", "GET", "/", 404)
    assert len(lines.getvalue().splitlines()) == logged


def test_what_uvicorn_calls_an_error_but_a_client_has_done_is_none() -> None:
    with logging_at("INFO") as lines:
        logging.getLogger("uvicorn.error").error("ASGI callable returned without completing handshake.")
    assert json.loads(lines.getvalue())["level"] == "info"


WARNING = """
import warnings
from graph.logs import start_logs

start_logs("INFO")

async def field() -> None: ...

field()
warnings.warn("of a library", RuntimeWarning)
"""


def test_a_warning_is_a_line_like_any_other_and_a_field_that_was_not_begun_is_none() -> None:
    said = subprocess.run([sys.executable, "-c", WARNING], capture_output=True, text=True, check=True).stderr.splitlines()
    (line,) = map(json.loads, said)
    assert "of a library" in line["event"]
    assert line["level"] == "warning"
