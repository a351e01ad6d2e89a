"""Who may come with a client to a family session, how long that holds, and what their link tells."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from iop_schedule.errors import Conflict, NotPossible

LONGEST_NAME = LONGEST_RELATION = 60
#: More than so many names are a list of contacts, which this is not.
MOST = 6
#: A consent for one session holds so many days beyond its day, in case the session is moved.
HOLDS_AFTER = timedelta(days=14)


class BadSupportPerson(NotPossible):
    """Say how you call this person."""


class EnoughSupportPeople(Conflict):
    """You have six people on your list. Take one off first."""


class NoFamilySession(NotPossible):
    """Nobody can be invited to this session. Choose one of the family sessions to come."""


class InvitedAlready(Conflict):
    """This person is invited to this session already."""


class ConsentOver(Conflict):
    """This invitation is over or was taken back. Invite them again."""


class ConsentNeeded(NotPossible):
    """Say that you agree, or do not invite them."""


def called(name: str) -> str:
    """Return how a support person is called, blanks collapsed.

    Raises:
        BadSupportPerson: nothing is left of it, or it is too long.
    """
    said = " ".join(name.split())
    if not said:
        raise BadSupportPerson(field="name")
    if len(said) > LONGEST_NAME:
        message = f"Keep the name under {LONGEST_NAME} characters."
        raise BadSupportPerson(message, field="name")
    return said


def relation_words(relation: str) -> str:
    """Return who a support person is to the client, blanks collapsed; may be empty.

    Raises:
        BadSupportPerson: it is too long.
    """
    said = " ".join(relation.split())
    if len(said) > LONGEST_RELATION:
        message = f"Keep this under {LONGEST_RELATION} characters."
        raise BadSupportPerson(message, field="relation")
    return said


def check_given_on(day: date, *, today: date) -> None:
    """Refuse a consent that is said to have been given after today.

    Raises:
        NotPossible: naming the field.
    """
    if day > today:
        message = "A consent cannot have been given after today."
        raise NotPossible(message, field="given_on")


def last_day(session_day: date) -> date:
    """Return the last day, included, on which a consent for a session of that day holds.

    >>> last_day(date(2026, 3, 4))
    datetime.date(2026, 3, 18)
    """
    return session_day + HOLDS_AFTER


class LinkAnswer(StrEnum):
    """What the page behind an invitation says."""

    #: The same as for a link that never was.
    NOTHING = "nothing"
    PLANNED = "planned"
    #: At another time than when the link was made.
    MOVED = "moved"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """Everything that decides what a link tells."""

    #: The link was replaced, its consent taken back, or its person taken off the list.
    is_ended: bool
    #: Last day the consent holds, on the site's calendar.
    expires_on: date
    #: When the session was to begin as the link was made, and as it stands.
    told_start_at: datetime
    starts_at: datetime
    ends_at: datetime
    #: The session is held, and the client is expected at it.
    takes_place: bool


def link_answer(facts: LinkFacts, *, today: date, now: datetime) -> LinkAnswer:
    """Return what a link tells at `now`, which is `today` at the site.

    It tells nothing once the session is over: what was is nobody's to look up.
    """
    if facts.is_ended or today > facts.expires_on or now >= facts.ends_at:
        return LinkAnswer.NOTHING
    if not facts.takes_place:
        return LinkAnswer.CANCELLED
    return LinkAnswer.PLANNED if facts.starts_at == facts.told_start_at else LinkAnswer.MOVED
