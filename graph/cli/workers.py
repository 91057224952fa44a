"""The processes that serve: one, or several on one port, which a first one starts, watches and ends."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from multiprocessing import parent_process

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import multiprocess

from graph.app import create_app
from graph.logs import start_logs
from graph.settings import Settings
from graph.transport.server import Server, lines

ANSWER_SECONDS = 60  # how long a worker may take to say that it is there; on a busy machine it takes a while to load


@dataclass(frozen=True)
class Application:
    """What a worker serves: the application is made in its own process."""

    settings: Settings
    url: str

    def configuration(self) -> uvicorn.Config:
        """What uvicorn is told."""
        return uvicorn.Config(
            self,  # type: ignore[arg-type]
            loop="uvloop",
            log_config=None,
            access_log=False,
            lifespan="on",
            **lines(self.settings),
            timeout_graceful_shutdown=self.settings.shutdown_seconds,
            server_header=False,
            forwarded_allow_ips=self.settings.trusted_proxies,
            workers=self.settings.workers,
            timeout_worker_healthcheck=ANSWER_SECONDS,
        )

    def server(self, config: uvicorn.Config) -> Server:
        """The server of this process."""
        start_logs(self.settings.log_level)
        config.app = create_app(self.settings, self.url)
        return Server(config)


class Worker(multiprocess.Process):
    """One of several processes. It ends with the one that started it, however that ended."""

    @property
    def server(self) -> uvicorn.Server:
        """The server of this process, made by its main thread alone."""
        if self._server is None:
            self._server = self.config.app.server(self.config)  # type: ignore[union-attr]
        return self._server

    def start(self) -> None:
        """Start it. Its end of the line is its alone: the line ends with it, and whoever asks it for a sign of life is not left waiting."""
        super().start()
        self.child_conn.close()

    def pong(self) -> None:
        """Say once whether it serves by now."""
        self.child_conn.recv()
        self.child_conn.send(self._server is not None and self._server.started)

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, in the process that was started."""
        threading.Thread(target=_end_with_parent, daemon=True).start()
        super().target(sockets)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def run(settings: Settings, url: str, taken: socket.socket) -> None:
    """Serve until stopped, in as many processes as are set; one that ends by itself is replaced."""
    application = Application(settings, url)
    config = application.configuration()
    if settings.workers == 1:
        application.server(config).run(sockets=[taken])
        return
    multiprocess.Process = Worker  # type: ignore[misc]  # the supervisor takes no other word for it
    supervisor = multiprocess.Multiprocess(config, [taken])
    supervisor.run()
    if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
        sys.exit(STARTUP_FAILURE)
