"""When a calendar link serves sessions, nothing, or is gone; what its entries say; who reads it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import FeedDetail, FeedEnd, FeedReader

#: An ended link serves an empty calendar for so long: only that takes sessions off people's devices.
EMPTIED_FOR = timedelta(days=30)
#: A link nobody has read for so long ends.
IDLE_AFTER = timedelta(days=90)
#: Sessions, and cancelled ones too, leave the calendar so long after their day.
LOOKS_BACK = timedelta(days=30)
#: Sessions further ahead are left out; an episode of care ends before.
LOOKS_AHEAD = timedelta(weeks=26)
#: A reading is written down at most this often.
NOTED_EVERY = timedelta(minutes=5)
#: After so long without a reading the page offers help.
STALE_AFTER = timedelta(days=3)
#: Calendars one client may have at once.
MOST_FEEDS = 8
LONGEST_LABEL = 60
LONGEST_WORDS = 60
#: Minutes before a session at which an alarm may ring.
ALARMS = (15, 30, 60, 120)

NEUTRAL_TITLE = "Appointment"


class BadFeed(NotPossible):
    """That calendar cannot be set up like this. Check the highlighted entries."""


class Answer(StrEnum):
    """What a link is answered with."""

    SESSIONS = "sessions"
    NOTHING = "nothing"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What decides whether a link serves; instants are UTC."""

    created_at: datetime
    ended_at: datetime | None
    last_read_at: datetime | None
    #: The login it belongs to is on; True for a room, which has none.
    account_on: bool
    #: The client is in an episode of care; True for staff and rooms.
    in_care: bool
    #: The site serves calendar links at the moment.
    site_serves: bool


def answer(facts: LinkFacts, *, now: datetime) -> Answer:
    """Return what the link is answered with at `now`.

    Thirty days after its end, to the second, an ended link is gone.
    """
    if facts.ended_at is not None:
        return Answer.NOTHING if now - facts.ended_at < EMPTIED_FOR else Answer.GONE
    if reason_to_end(facts, now=now) is not None or not facts.site_serves:
        return Answer.NOTHING
    return Answer.SESSIONS


def reason_to_end(facts: LinkFacts, *, now: datetime) -> FeedEnd | None:
    """Return why a link that is still open must end, or None when it goes on.

    A site that serves no links for a while ends none: they go on when it does.
    """
    if not facts.in_care:
        return FeedEnd.CARE_ENDED
    if not facts.account_on:
        return FeedEnd.ACCOUNT_OFF
    if now - (facts.last_read_at or facts.created_at) >= IDLE_AFTER:
        return FeedEnd.IDLE
    return None


def is_stale(*, created_at: datetime, last_read_at: datetime | None, now: datetime) -> bool:
    """Return True when no calendar has read the link for three days."""
    return now - (last_read_at or created_at) >= STALE_AFTER


def is_to_be_noted(last_read_at: datetime | None, *, now: datetime) -> bool:
    """Return True when a reading at `now` is worth writing down."""
    return last_read_at is None or now - last_read_at >= NOTED_EVERY


@dataclass(frozen=True, slots=True)
class Wording:
    """What the entries of a client's calendar say; the neutral word alone unless they chose more."""

    detail: FeedDetail = FeedDetail.NEUTRAL
    #: The client's own words for a session and for the place; used from the level on that shows them.
    title: str = ""
    place: str = ""

    @property
    def summary(self) -> str:
        """Return the title of every entry.

        >>> Wording(FeedDetail.PLACE, title="Class", place="Main St.").summary
        'Appointment'
        >>> Wording(FeedDetail.OWN_WORDS, title="Class").summary
        'Class'
        """
        return self.title if self.detail is FeedDetail.OWN_WORDS else NEUTRAL_TITLE

    @property
    def location(self) -> str | None:
        """Return the place every entry names, if the client chose to name one."""
        return None if self.detail is FeedDetail.NEUTRAL else self.place or None


def check_wording(wording: Wording) -> None:
    """Refuse words that are missing or too long for a calendar.

    Raises:
        BadFeed: naming the field.
    """
    if wording.detail is FeedDetail.PLACE and not wording.place:
        message = "Write the place in your own words, such as “Main St.”"
        raise BadFeed(message, field="place")
    if wording.detail is FeedDetail.OWN_WORDS and not wording.title:
        message = "Write what each entry should say."
        raise BadFeed(message, field="title")
    for name in ("title", "place"):
        if len(getattr(wording, name)) > LONGEST_WORDS:
            message = f"Keep this under {LONGEST_WORDS} characters."
            raise BadFeed(message, field=name)


def check_label(label: str) -> None:
    """Refuse a name for a calendar that is missing or too long.

    Raises:
        BadFeed: naming the field.
    """
    if not label:
        message = "Give it a name, such as “My phone”."
        raise BadFeed(message, field="label")
    if len(label) > LONGEST_LABEL:
        message = f"Keep this under {LONGEST_LABEL} characters."
        raise BadFeed(message, field="label")


def free_label(label: str, taken: Collection[str]) -> str:
    """Return `label`, with a number when another calendar is called so already.

    >>> free_label("Outlook", ["Outlook", "Outlook 2"]), free_label("Outlook", [])
    ('Outlook 3', 'Outlook')
    """
    numbered = (f"{label} {number}" for number in range(2, len(taken) + 3))
    return label if label not in taken else next(one for one in numbered if one not in taken)


def check_alarm(minutes: int | None) -> None:
    """Refuse an alarm at another time than those offered.

    Raises:
        BadFeed: naming the field.
    """
    if minutes is not None and minutes not in ALARMS:
        message = "Choose one of the times listed."
        raise BadFeed(message, field="alarm")


#: What the programs that read calendars call themselves, most telling first.
_MARKS = (
    ("google", FeedReader.GOOGLE),
    ("outlook", FeedReader.OUTLOOK),
    ("microsoft", FeedReader.OUTLOOK),
    ("thunderbird", FeedReader.THUNDERBIRD),
    ("iphone", FeedReader.IPHONE),
    ("ios/", FeedReader.IPHONE),
    ("macos", FeedReader.MAC),
    ("mac os", FeedReader.MAC),
    ("mac+os", FeedReader.MAC),
)


def reader_of(user_agent: str) -> FeedReader:
    """Return the family of the program that reads a calendar; nothing else of its name is kept.

    >>> reader_of("iOS/19.0 (23A341) dataaccessd/1.0"), reader_of("")
    (<FeedReader.IPHONE: 'iphone'>, <FeedReader.OTHER: 'other'>)
    """
    said = user_agent.lower()
    return next((reader for mark, reader in _MARKS if mark in said), FeedReader.OTHER)
