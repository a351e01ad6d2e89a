"""A worker that can be killed at any moment, for `test_reminder_survives`.

Run as a program it waits for lines on standard input. Each line is a moment in time; for each it starts a
new worker process that hands over what is due at that moment, and prints the worker's process id.
"""

import os
import sys
from datetime import datetime
from pathlib import Path

from iop_schedule.actions import reminders
from iop_schedule.adapters.messages import SmtpMessages
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.vocabulary import Channel


def work(settings: Settings, port: int, now: datetime) -> None:
    """Hand over what is due, then wait to be killed or told to end."""
    messages = SmtpMessages("127.0.0.1", port, "appointments@example.org", starttls=False)
    with create_app(settings).app_context():
        while reminders.deliver_next(doors={Channel.EMAIL: messages}, now=now):
            pass
    messages.close()


def main() -> None:
    """Start a worker for each line; forking after the imports saves their time."""
    url, instance, port = sys.argv[1:]
    settings = Settings(
        instance=Path(instance), database_url=url, secret_key="k" * 40, password_salt="s" * 40, testing=True
    )
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            work(settings, int(port), datetime.fromisoformat(line.strip()))
            os._exit(0)
        print(pid, flush=True)
        os.waitpid(pid, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
