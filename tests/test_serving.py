"""What `armguard serve` tells uvicorn."""

from __future__ import annotations

import contextlib

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from graph.cli.serving import _serve, _taken, for_the_demo
from graph.logs import start_logs
from graph.settings import Settings


def test_the_server_runs_on_the_fast_loop_and_parser_and_logs_each_request_once(monkeypatch: pytest.MonkeyPatch) -> None:
    configured: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, **_: configured.append(server.config))
    settings = Settings().model_copy(update={"port": 0})
    with contextlib.closing(_taken(settings)) as taken:
        _serve(settings, "postgresql://127.0.0.1/nothing", taken)
    start_logs("ERROR")
    (config,) = configured
    assert (config.loop, config.access_log) == ("uvloop", False)
    assert isinstance(config.http, type)
    assert issubclass(config.http, HttpToolsProtocol)
    assert config.forwarded_allow_ips == settings.trusted_proxies == "127.0.0.1,::1"
    assert (config.ws_max_size, config.ws_per_message_deflate) == (settings.socket_bytes, False)


def test_the_demo_asks_nobody_for_a_second_factor_unless_it_is_told_to() -> None:
    assert Settings().second_factor_roles == ("ARMS_ROOM_OFFICER", "ADMIN")
    assert for_the_demo(Settings()).second_factor_roles == ()
    assert for_the_demo(Settings(second_factor_roles="ADMIN")).second_factor_roles == ("ADMIN",)
