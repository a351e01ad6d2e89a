"""`flask --app wsgi run-jobs`: the scheduler in a process of its own."""

import logging
import signal
import sys
from threading import Event

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from iop_schedule import logs
from iop_schedule.actions import upkeep
from iop_schedule.adapters.messages import doors_for
from iop_schedule.config import BadSetting
from iop_schedule.jobs.runner import AlreadyRunning, Runner
from iop_schedule.vocabulary import Channel

_OFF = {
    Channel.EMAIL: "Messages by e-mail are off: set SMTP_HOST to send them.",
    Channel.SMS: "Text messages are off: set SMS_URL to send them.",
}


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


def prepare_to_run(app: Flask) -> None:
    """Refuse to start on a database or settings that are not fit; then set up logging."""
    problem = upkeep.why_not_start()
    if problem:
        raise click.ClickException(problem)
    try:
        doors = doors_for(app.extensions["settings"])
    except BadSetting as error:
        raise click.ClickException(str(error)) from None
    logs.write_to()
    if sys.stderr.isatty():
        logging.getLogger().setLevel(logging.WARNING)  # a person is watching: only what needs attention
    for channel, words in _OFF.items():
        if channel not in doors:
            click.echo(words)
