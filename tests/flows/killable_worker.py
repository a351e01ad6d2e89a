"""A worker that can be killed at any moment, for `test_reminder_survives`.

Run as a program it waits for lines on standard input. Each line is a moment in time; for each it starts a
new worker process that hands over what is due at that moment, and prints the worker's process id.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

from flask import Flask

from iop_schedule.actions import reminders
from iop_schedule.adapters.messages import Messages
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.vocabulary import Channel
from tests.flows.recording_providers import door_to
from tests.outbox import HEAD


def work(app: Flask, channel: Channel, door: Messages, now: datetime) -> None:
    """Hand over what is due, few together: a batch that is out of the database goes on when that is stopped."""
    with app.app_context():
        while reminders.deliver(channel, doors={channel: door}, now=now, head=HEAD, most=8):
            pass
    door.close()


def main() -> None:
    """Start a worker for each line; forking an application that is ready saves making one for each."""
    url, instance, channel, port = sys.argv[1:]
    settings = Settings(
        instance=Path(instance), database_url=url, secret_key="k" * 40, password_salt="s" * 40, testing=True
    )
    app = create_app(settings)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                work(app, Channel(channel), door_to(Channel(channel), int(port)), _moment(line))
                status = 0
            finally:
                # Also when the test took the database away: the next worker goes on.
                os._exit(status)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("ended", flush=True)


def _moment(line: str) -> datetime:
    return datetime.fromisoformat(line.strip())


if __name__ == "__main__":
    main()
