"""`flask --app wsgi serve`: the web server and the scheduler, ready for a clinic on one machine."""

import logging
import os
import socket
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from iop_schedule.cli.jobs import prepare_to_run
from iop_schedule.jobs.runner import AlreadyRunning, Runner

log = logging.getLogger(__name__)

THREADS = 8


@click.command("serve")
@click.option("--host", default=lambda: os.environ.get("HOST") or "127.0.0.1", help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=lambda: os.environ.get("PORT") or "8000",
    help="Port to listen on.",
)
@click.option("--jobs/--no-jobs", default=True, help="Whether this server also runs the scheduler.")
@with_appcontext
def serve(host: str, port: int, *, jobs: bool) -> None:
    """Serve the application at HOST and PORT, with the scheduler in the same worker."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _refuse_taken(host, port)
    prepare_to_run(app)
    Server(app, host, port, jobs=jobs).run()


def _refuse_taken(host: str, port: int) -> None:
    """Fail with a sentence when nothing can listen there; the server itself would retry for seconds."""
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        other = port % 65_535 + 1
        message = (
            f"Port {port} on {host} cannot be used: {error.strerror}. Try another, such as PORT={other}."
        )
        raise click.ClickException(message) from None


class Server(BaseApplication):  # type: ignore[misc]
    """One worker with threads: one process owns the database file and the scheduler."""

    def __init__(self, app: Flask, host: str, port: int, *, jobs: bool) -> None:
        self._app, self._host, self._port, self._jobs = app, host, port, jobs
        self._runner: Runner | None = None
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        at = f"[{self._host}]" if ":" in self._host else self._host
        for name, value in {
            "bind": f"{at}:{self._port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": 30,
            "graceful_timeout": 40,
            "keepalive": 5,
            "loglevel": "warning",
            "accesslog": None,
            "logger_class": QuietLogger,
            "control_socket_disable": True,
            "forwarded_allow_ips": "",
            "when_ready": self._say_ready,
            "post_worker_init": self._start_jobs,
            "worker_exit": self._stop_jobs,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application."""
        return self._app

    def _say_ready(self, server: Any) -> None:  # noqa: ARG002
        shown = "127.0.0.1" if self._host in {"0.0.0.0", "::"} else self._host  # noqa: S104
        click.echo(f"Listening at http://{shown}:{self._port} (stop with Ctrl+C)")

    def _start_jobs(self, worker: Any) -> None:  # noqa: ARG002
        # In the worker, after the fork: threads and locks do not survive one.
        if not self._jobs:
            return
        runner = Runner(self._app)
        try:
            runner.start()
        except AlreadyRunning:
            log.warning("the scheduler runs in another process already; this one only serves pages")
            return
        self._runner = runner
        self._app.extensions["runs_scheduler"] = True

    def _stop_jobs(self, server: Any, worker: Any) -> None:  # noqa: ARG002
        if self._runner is not None:
            self._runner.stop()


class QuietLogger(Logger):  # type: ignore[misc]
    """Logs no addresses of pages: some of them are secrets, and the application logs for itself."""

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """Log an exception without the request it happened in."""
        if msg.startswith("Error handling request"):
            msg, args = "Error handling a request", ()
        super().exception(msg, *args, **kwargs)
