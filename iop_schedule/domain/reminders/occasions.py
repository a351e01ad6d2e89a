"""Messages that are not about one coming day: next week, a missed day, a word from staff, staff digests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders.facts import Reach
from iop_schedule.domain.reminders.outbox import Wanted, key_of
from iop_schedule.domain.reminders.timing import expires_at, outside_quiet_hours
from iop_schedule.vocabulary import Channel, DeliveryPurpose, HoldReason, Weekday

#: Next week's times come at noon on Friday: weekends belong to home.
DIGEST_WEEKDAY, DIGEST_AT = Weekday.FR, time(12)
#: Whoever agrees later than this after it went out to the others waits for the next one.
DIGEST_GRACE = timedelta(hours=6)
#: A word after a missed day comes the next morning, and not at all once that day is over.
MISSED_AT, MISSED_USEFUL = time(10), timedelta(hours=14)
#: A word from staff that could not go out within a day is not what they meant any more.
WORD_USEFUL = timedelta(hours=24)
#: Staff hear of unfinished sheets at the end of the day, and of people to reach at its beginning.
STAFF_AT = {
    DeliveryPurpose.SHEETS: time(18),
    DeliveryPurpose.OUTREACH: time(8),
    DeliveryPurpose.CASELOAD: time(8),
}
#: The caseload in numbers comes once a week, with the week.
WEEKLY = {DeliveryPurpose.CASELOAD: Weekday.MO}
STAFF_USEFUL = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """What one client has in one program week, and how they may be told over one channel."""

    client_id: int
    monday: date
    #: IANA zone of the site.
    zone: str
    #: Starts of the sessions on days on which they are in care, in order.
    starts: tuple[datetime, ...]
    reach: Reach
    #: In care on some day of it with a session.
    enrolled: bool = True
    called: str = ""
    private_names: frozenset[str] = field(default_factory=frozenset)

    @property
    def tz(self) -> ZoneInfo:
        """Return the site's time zone."""
        return civil_time.zone(self.zone)

    def why_not(self) -> HoldReason | None:
        """Return why the week may not be told, or None when it may."""
        held = self.reach.why_not(DeliveryPurpose.DIGEST)
        if held:
            return held
        if not self.enrolled:
            return HoldReason.NOT_ENROLLED
        return None if self.starts else HoldReason.NO_SESSION


def digest_due_at(monday: date, tz: ZoneInfo) -> datetime:
    """Return when the times of the week that begins on `monday` are told.

    >>> digest_due_at(date(2026, 11, 23), ZoneInfo("America/New_York")).isoformat()
    '2026-11-20T17:00:00+00:00'
    """
    return civil_time.instant(monday - timedelta(days=7 - DIGEST_WEEKDAY), DIGEST_AT, tz)


def digest_for(week: WeekAhead, now: datetime) -> Wanted | None:
    """Return the message about the coming week that should exist, or None when there should be none."""
    due = digest_due_at(week.monday, week.reach.tz)
    if week.why_not() or not due - week.reach.policy.plan_ahead <= now <= due + DIGEST_GRACE:
        return None
    useless = expires_at(week.starts[0], week.reach.policy)
    if useless <= due:
        return None
    return Wanted(
        dedup_key=key_of(week.client_id, week.monday, week.reach.channel, DeliveryPurpose.DIGEST),
        channel=week.reach.channel,
        purpose=DeliveryPurpose.DIGEST,
        day=week.monday,
        planned_start_at=week.starts[0],
        due_at=due,
        next_try_at=outside_quiet_hours(due, week.reach.tz, week.reach.policy),
        expires_at=useless,
        tells=week.starts,
        client_id=week.client_id,
    )


@dataclass(frozen=True, slots=True)
class MissedDay:
    """A day on which a client was expected and did not come, and how they may be written to."""

    client_id: int
    day: date
    zone: str
    starts_at: datetime
    occurrence_id: int
    reach: Reach
    #: In care on that day and on the next, when the word is due.
    enrolled: bool = True
    #: Came to a session on that day or after it.
    came_since: bool = False
    #: Has had such a word, over this channel, about a day since which they have not come.
    told: bool = False
    called: str = ""
    private_names: frozenset[str] = field(default_factory=frozenset)

    @property
    def tz(self) -> ZoneInfo:
        """Return the site's time zone."""
        return civil_time.zone(self.zone)

    def why_not(self) -> HoldReason | None:
        """Return why nothing is to be said about it, or None when something is."""
        if self.came_since:
            return HoldReason.CAME_SINCE
        held = self.reach.why_not(DeliveryPurpose.MISSED)
        return held or (None if self.enrolled else HoldReason.NOT_ENROLLED)


def missed_for(missed: MissedDay, now: datetime) -> Wanted | None:
    """Return the word about a missed day that should exist; one for each run of missed days."""
    due = civil_time.instant(missed.day + timedelta(days=1), MISSED_AT, missed.reach.tz)
    if missed.why_not() or missed.told or now >= due + MISSED_USEFUL:
        return None
    return Wanted(
        dedup_key=key_of(missed.client_id, missed.day, missed.reach.channel, DeliveryPurpose.MISSED),
        channel=missed.reach.channel,
        purpose=DeliveryPurpose.MISSED,
        day=missed.day,
        planned_start_at=missed.starts_at,
        due_at=due,
        next_try_at=outside_quiet_hours(due, missed.reach.tz, missed.reach.policy),
        expires_at=due + MISSED_USEFUL,
        tells=(missed.starts_at,),
        client_id=missed.client_id,
        occurrence_id=missed.occurrence_id,
    )


@dataclass(frozen=True, slots=True)
class WordFromStaff:
    """A word staff want to reach a client, and how they may be written to over one channel."""

    client_id: int
    reach: Reach
    enrolled: bool = True
    called: str = ""
    private_names: frozenset[str] = field(default_factory=frozenset)
    #: That they would like to hear from them, or that something new waits.
    purpose: DeliveryPurpose = DeliveryPurpose.CONTACT

    def why_not(self) -> HoldReason | None:
        """Return why it may not be written, or None when it may."""
        held = self.reach.why_not(self.purpose)
        return held or (None if self.enrolled else HoldReason.NOT_ENROLLED)


def word_from_staff(word: WordFromStaff, *, key: str, day: date, now: datetime) -> Wanted:
    """Return the message that is to go out now, or when their quiet hours are over.

    Args:
        word: to whom, and how.
        key: what it belongs to; the same key is the same message.
        day: today on the site's calendar.
        now: when it is asked for.
    """
    return Wanted(
        dedup_key=key,
        channel=word.reach.channel,
        purpose=word.purpose,
        day=day,
        planned_start_at=now,
        due_at=now,
        next_try_at=outside_quiet_hours(now, word.reach.tz, word.reach.policy),
        expires_at=now + WORD_USEFUL,
        client_id=word.client_id,
    )


@dataclass(frozen=True, slots=True)
class StaffDay:
    """What one staff member has to do on one day: a number, never a name."""

    user_id: int
    purpose: DeliveryPurpose
    day: date
    zone: str
    count: int
    address: str
    #: Further numbers by the name of their placeholder.
    numbers: Mapping[str, int] = field(default_factory=dict)


def staff_is_due(purpose: DeliveryPurpose, day: date, zone: str, *, now: datetime) -> bool:
    """Return True when staff may hear of `purpose` now: on a treatment day, its own weekday, in its hours."""
    weekday = Weekday(day.weekday())
    if not weekday.is_treatment_day or WEEKLY.get(purpose, weekday) != weekday:
        return False
    due = _staff_due_at(purpose, day, zone)
    return due <= now < due + STAFF_USEFUL


def _staff_due_at(purpose: DeliveryPurpose, day: date, zone: str) -> datetime:
    return civil_time.instant(day, STAFF_AT[purpose], civil_time.zone(zone))


def staff_digest_for(work: StaffDay, now: datetime) -> Wanted | None:
    """Return the message to a staff member that should exist today, or None when there is nothing to do."""
    if not work.count or not work.address or not staff_is_due(work.purpose, work.day, work.zone, now=now):
        return None
    due = _staff_due_at(work.purpose, work.day, work.zone)
    return Wanted(
        dedup_key=key_of("staff", work.user_id, work.day, work.purpose),
        channel=Channel.EMAIL,
        purpose=work.purpose,
        day=work.day,
        planned_start_at=due,
        due_at=due,
        next_try_at=due,
        expires_at=due + STAFF_USEFUL,
        user_id=work.user_id,
    )
