"""Public holidays an administrator can close a site on, and the closures as a calendar."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from iop_schedule.adapters.ical import CalendarEntry, calendar_bytes, feed_uid
from iop_schedule.adapters.public_holidays import public_holidays
from iop_schedule.domain.civil_time import instant, local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Closure, Site, db
from iop_schedule.queries.access import Actor, access_site
from iop_schedule.vocabulary import Weekday

#: Closures stay in the calendar so long after they are over.
LOOKS_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class HolidayLine:
    """One public holiday on a treatment day; `closed` when the site is closed then already."""

    day: date
    name: str
    closed: bool


def holidays_for(
    actor: Actor, site_id: int, *, country: str, subdivision: str | None, year: int, now: datetime
) -> list[HolidayLine]:
    """Return the public holidays of a year still to come on weekdays, by date.

    Raises:
        NotFound, NotAllowed: not this person's site to manage.
        UnknownRegion: the country or the state is not known.
        NotPossible: the year is out of range.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    today = local_day(now, zone(site.zone))
    closures = _closures(site)
    return [
        HolidayLine(day, name, any(one.from_day <= day <= one.until_day for one in closures))
        for day, name in public_holidays(country, subdivision, year)
        if day >= today and Weekday(day.weekday()).is_treatment_day
    ]


def _closures(site: Site) -> list[Closure]:
    statement = select(Closure).where(Closure.site_id == site.id, Closure.program_id.is_(None))
    return list(db.session.scalars(statement.order_by(Closure.from_day, Closure.id)))


def closures_calendar(actor: Actor, site_id: int, *, key: bytes, now: datetime) -> bytes:
    """Return the closures of a whole site as a calendar file, each from midnight to midnight.

    Raises:
        NotFound, NotAllowed: not this person's site.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_READ)
    tz = zone(site.zone)
    first = local_day(now, tz) - LOOKS_BACK
    entries = [
        CalendarEntry(
            uid=feed_uid(key, f"closures-{site.id}", one.id),
            starts_at=instant(one.from_day, time(0), tz),
            ends_at=instant(one.until_day + timedelta(days=1), time(0), tz),
            zone=site.zone,
            updated_at=now,
            summary=f"Closed: {one.name}",
        )
        for one in _closures(site)
        if one.until_day >= first
    ]
    return calendar_bytes(entries, zone=site.zone, name="Closures")
