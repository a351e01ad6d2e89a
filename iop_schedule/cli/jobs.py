"""`flask --app wsgi run-jobs`: the scheduler in a process of its own; `backup`: a copy of the database."""

import logging
import signal
import sys
from pathlib import Path
from threading import Event

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from iop_schedule import logs
from iop_schedule.actions import upkeep
from iop_schedule.adapters.backup import BackupFailed, copy_sqlite
from iop_schedule.adapters.messages import messages_for
from iop_schedule.config import BadSetting
from iop_schedule.jobs.runner import AlreadyRunning, Runner


@click.command("run-jobs")
@with_appcontext
def run_jobs() -> None:
    """Run the scheduler until told to stop: reminders, coming weeks, housekeeping."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    prepare_to_run(app)
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runner = Runner(app)
    try:
        runner.start()
    except AlreadyRunning:
        message = "The scheduler already runs in another process (make run and serve bring their own)."
        raise click.ClickException(message) from None
    click.echo("The scheduler runs. Stop it with Ctrl+C.")
    stop.wait()
    runner.stop()


@click.command("backup")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@with_appcontext
def backup(target: Path) -> None:
    """Copy the SQLite database to FILE while it is in use, and check the copy."""
    url: str = current_app.extensions["settings"].database_url
    if not url.startswith("sqlite:///"):
        message = "This command is for SQLite. Use pg_dump for PostgreSQL; docs/operations.md shows how."
        raise click.ClickException(message)
    try:
        copy_sqlite(Path(url.removeprefix("sqlite:///")), target)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Copied and checked: {target}")


def prepare_to_run(app: Flask) -> None:
    """Set up logging and refuse to start on a database or settings that are not fit; say how mail is set."""
    logs.write_to()
    if sys.stderr.isatty():
        logging.getLogger().setLevel(logging.WARNING)  # a person is watching: only what needs attention
    problem = upkeep.why_not_start()
    if problem:
        raise click.ClickException(problem)
    try:
        messages = messages_for(app.extensions["settings"])
    except BadSetting as error:
        raise click.ClickException(str(error)) from None
    if messages is None:
        click.echo("Reminders by e-mail are off: set SMTP_HOST to send them.")
