"""One client's feed from the first session to discharge, read by independent readers after every step.

    python -m benchmarks.feed_story              # vobject alone
    python -m benchmarks.feed_story --install    # also ical.js and node-ical, by npm in a temporary folder
    python -m benchmarks.feed_story --install --libical libical.so.3    # and libical, Debian's libical3

After create, edit, move, cancel, restore, substitute and discharge, in the weeks around 1 November 2026 and
14 March 2027, each reader must find exactly the sessions of the database. Exit status 1 when one does not.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from benchmarks.calendar_readers import Readings, javascript_readers, libical_reader, vobject_reader
from benchmarks.feeds import SECRET, application
from iop_schedule import clock
from iop_schedule.actions.calendars import FeedChoices, turn_on
from iop_schedule.actions.occurrences import (
    Move,
    cancel_occurrence,
    extend_horizon,
    move_occurrence,
    restore_occurrence,
)
from iop_schedule.actions.prescription import discharge
from iop_schedule.models import Enrollment, Occurrence, RosterEntry, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import Role
from tests import factories as make
from tests.cast import Cast, make_cast

#: Each run begins some weeks before the clocks change.
RUNS = {
    "1 November 2026": datetime(2026, 10, 14, 15, tzinfo=UTC),
    "14 March 2027": datetime(2027, 3, 3, 15, tzinfo=UTC),
}
Readers = dict[str, Callable[[bytes], Readings]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One clinic, one client with a link, and the day on which the story begins."""

    app: Flask
    cast: Cast
    now: datetime

    def session(self, week: int, weekday: int) -> Occurrence:
        """Return the session of a weekday so many weeks ahead."""
        today = self.now.date()
        day = today + timedelta(weeks=week, days=weekday - today.weekday())
        statement = select(Occurrence).where(
            Occurrence.original_day == day, Occurrence.site_id == self.cast.elm.id
        )
        return db.session.scalars(statement).one()

    def move(self, week: int, weekday: int, *, days: int, at: time, leader: User) -> None:
        """Move one session to another day, hour or leader."""
        one = self.session(week, weekday)
        to = Move(one.local_day + timedelta(days=days), at, 180, leader.id, self.cast.room.id, "")
        move_occurrence(actor=self.root, occurrence_id=one.id, move=to, now=self.now)

    @property
    def root(self) -> Actor:
        """Return the administrator."""
        return acting(self.cast.root)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def story(stage: Stage) -> Iterator[str]:
    """Do one thing after the other to the client's sessions and yield its name."""
    carol, now = stage.cast.carol, stage.now
    extend_horizon(now=now)
    yield "create"
    stage.move(2, 0, days=0, at=time(10, 30), leader=carol)
    yield "edit: another hour"
    stage.move(3, 0, days=1, at=time(9), leader=carol)
    yield "move: another day"
    off = stage.session(2, 4).id
    cancel_occurrence(actor=stage.root, occurrence_id=off, reason="Snow", now=now)
    yield "cancel"
    restore_occurrence(actor=stage.root, occurrence_id=off, now=now)
    yield "restore"
    stand_in = make.make_user(Role.COUNSELOR, stage.cast.elm, email="stand-in@example.org")
    db.session.commit()
    stage.move(4, 0, days=0, at=time(9), leader=stand_in)
    yield "substitute"
    episode = db.session.scalars(select(Enrollment.id).where(Enrollment.client_id == stage.cast.ana.id)).one()
    last_day = now.date() + timedelta(weeks=5)
    discharge(actor=stage.root, enrollment_id=episode, last_day=last_day, now=now)
    yield "discharge"


def in_database(client_id: int, today: date) -> list[list[int]]:
    """Return start and end of every session the calendar must hold, in seconds."""
    db.session.rollback()
    entries = db.session.scalars(
        select(RosterEntry).where(RosterEntry.client_id == client_id, RosterEntry.released_at.is_(None))
    )
    return sorted(
        [int(one.occurrence.starts_at.timestamp()), int(one.occurrence.ends_at.timestamp())]
        for one in entries
        if one.occurrence.local_day >= today - timedelta(days=30)
    )


@contextmanager
def readers(*, install: bool, libical: str | None) -> Iterator[Readers]:
    """Yield the readers that are here; the others are named."""
    found: Readers = {"vobject": vobject_reader()}
    if libical:
        found["libical"] = libical_reader(libical)
    if not install:
        yield found
        return
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "ical.js", "node-ical"]
        subprocess.run(command, cwd=folder, check=True)
        yield found | javascript_readers(str(Path(folder) / "node_modules"))


def tell(stage: Stage, found: Readers) -> int:
    """Read the feed after every step; return how often a reader found something else."""
    made = turn_on(actor=acting(stage.cast.ana_user), choices=FeedChoices("Phone"), key=SECRET, now=stage.now)
    wrong = 0
    for step in story(stage):
        body = stage.app.test_client().get(f"/c/{made.token}/schedule.ics", base_url="https://localhost").data
        expected = in_database(stage.cast.ana.id, stage.now.date())
        said = {name: sorted(times for _, *times in read(body)) == expected for name, read in found.items()}
        wrong += list(said.values()).count(False)
        words = ", ".join(f"{name} {'right' if right else 'WRONG'}" for name, right in said.items())
        print(f"  {step:<20}{len(expected):>4} sessions: {words}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--install", action="store_true", help="install ical.js and node-ical with npm")
    parser.add_argument("--libical", help="name of the shared library")
    options = parser.parse_args()
    wrong = 0
    with readers(install=options.install, libical=options.libical) as found:
        for name, now in RUNS.items():
            print(name)
            clock.freeze(now)
            with tempfile.TemporaryDirectory() as folder:
                app = application(Path(folder), f"sqlite:///{folder}/story.db")
                with app.app_context():
                    cast = make_cast(now=now)
                    db.session.commit()
                    wrong += tell(Stage(app, cast, now), found)
                    db.session.remove()
                    db.engine.dispose()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
