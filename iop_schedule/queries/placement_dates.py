"""The dates on which a weekly plan does not hold: closed days, and single dates that are already taken."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from iop_schedule.domain.availability import Commitment, DatedSlot, clashes, in_words
from iop_schedule.domain.civil_time import letter_of, weeks_within
from iop_schedule.models import Client, Closure, db
from iop_schedule.queries.availability import trip
from iop_schedule.queries.weekly_meetings import WeeklyMeeting
from iop_schedule.vocabulary import WeekParity

#: How far ahead a plan is held against the calendar.
WEEKS = 12
LOOKS_AHEAD = timedelta(weeks=WEEKS)


@dataclass(frozen=True, slots=True)
class Missed:
    """One date on which one meeting of a plan is not attended, and why."""

    day: date
    why: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """What stands against weekly meetings of one client from a day on."""

    client: Client
    from_day: date
    commitments: Sequence[Commitment]
    closures: Sequence[Closure]

    def missed(
        self, meetings: Iterable[WeeklyMeeting], weeks: Mapping[int, WeekParity]
    ) -> tuple[Missed, ...]:
        """Return the dates on which one of the meetings falls out, in order, each with its first reason.

        A meeting is attended in the weeks that `weeks` says by series, every week where it says nothing.
        """
        hard = [one for one in self.commitments if one.hard]
        found: dict[date, str] = {}
        for meeting in meetings:
            first = self.from_day + timedelta(days=(meeting.weekday - self.from_day.weekday()) % 7)
            attended = weeks_within(weeks.get(meeting.series_id, WeekParity.EVERY))
            every = (first + timedelta(weeks=week) for week in range(WEEKS))
            days = [day for day in every if letter_of(day) in attended]
            for day in days:
                closed = self._closed(day, meeting)
                if closed:
                    found.setdefault(day, closed)
            way = trip(self.client, meeting.modality)
            slots = [DatedSlot(day, meeting.start_minute, meeting.end_minute, way) for day in days]
            for clash in clashes(hard, slots):
                found.setdefault(clash.slot.day, in_words(clash.commitment))
        return tuple(Missed(day, why) for day, why in sorted(found.items()))

    def _closed(self, day: date, meeting: WeeklyMeeting) -> str:
        return next(
            (
                one.name
                for one in self.closures
                if one.from_day <= day <= one.until_day and one.program_id in {None, meeting.program_id}
            ),
            "",
        )


def calendar_of(client: Client, commitments: Sequence[Commitment], day: date) -> Calendar:
    """Return what stands against weekly meetings of a client from `day` on."""
    statement = (
        select(Closure)
        .where(
            Closure.site_id == client.site_id,
            Closure.from_day <= day + LOOKS_AHEAD,
            Closure.until_day >= day,
        )
        .order_by(Closure.from_day, Closure.id)
    )
    return Calendar(client, day, commitments, list(db.session.scalars(statement)))
