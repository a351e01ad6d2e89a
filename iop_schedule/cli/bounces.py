"""`flask --app wsgi read-bounces FILE…`: takes what mail servers write back."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from iop_schedule import clock
from iop_schedule.actions.bounces import Taken, take_bounce
from iop_schedule.adapters.messages import LONGEST_BOUNCE, NotMail, read_bounces

_WORDS = {
    Taken.STOPPED: "no such mailbox: the address takes no more mail, the message is shown as refused.",
    Taken.GIVEN_UP: "not delivered: the message is shown as refused, the address stays in use.",
    Taken.NOTHING_NEW: "nothing new.",
    Taken.NOT_OURS: "nothing done: no message of ours went to that address under that name.",
}


@click.command("read-bounces")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@with_appcontext
def read_bounces_from(files: tuple[Path, ...]) -> None:
    """Take delivery status notifications (RFC 3464), each in a FILE of its own; - reads standard input.

    Ends with status 65 when a FILE is no e-mail message, and with 75 when the database is away, so that a
    mail server tries again.
    """
    bad = False
    for file in files:
        name = "standard input" if str(file) == "-" else file.name
        try:
            for words in _taken(_content(file)):
                click.echo(f"{name}: {words}")
        except (NotMail, OSError) as problem:
            bad = True
            why = problem.strerror if isinstance(problem, OSError) else str(problem)
            click.echo(f"{name}: not read: {why}", err=True)
        except OperationalError:
            click.echo(f"{name}: the database is away; try again.", err=True)
            raise SystemExit(os.EX_TEMPFAIL) from None
    if bad:
        raise SystemExit(os.EX_DATAERR)


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read(LONGEST_BOUNCE + 1)
    with file.open("rb") as opened:
        return opened.read(LONGEST_BOUNCE + 1)


def _taken(raw: bytes) -> Iterator[str]:
    bounces = read_bounces(raw)
    if not bounces:
        yield "nothing done: not a report about a message of ours."
    for bounce in bounces:
        yield _WORDS[take_bounce(bounce, now=clock.now())]
