"""What clients ask to have changed in their care, what they hear back, and the dated change it becomes.

An answer that agrees names the day from which it holds. Whether the change has been made is not stored:
a change of the right sort that begins on that day is it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from iop_schedule.errors import Conflict, NotPossible
from iop_schedule.vocabulary import RequestAnswer, RequestEnd, RequestKind

LONGEST_WORDS = 500
#: How far ahead a change or a talk can be agreed.
FARTHEST = timedelta(days=180)


class AlreadyAsked(Conflict):
    """You asked us this already. Take it back first if it is not right any more."""


class AlreadyEnded(Conflict):
    """This request has an answer already, or was taken back."""


class BadRequest(NotPossible):
    """Say in a few words what would help."""


class BadAnswer(NotPossible):
    """This answer cannot be given. Check the day and the words."""


class ChangeKind(StrEnum):
    """A sort of dated change in somebody's care."""

    DOSE = "dose"
    PLACE = "place"
    COUNSELOR = "counselor"
    PROGRAM = "program"


#: Which dated changes grant what was asked for.
GRANTED_BY: Mapping[RequestKind, frozenset[ChangeKind]] = MappingProxyType(
    {
        RequestKind.MORE_SESSIONS: frozenset({ChangeKind.DOSE, ChangeKind.PLACE}),
        RequestKind.FEWER_SESSIONS: frozenset({ChangeKind.DOSE, ChangeKind.PLACE}),
        RequestKind.OTHER_TIMES: frozenset({ChangeKind.PLACE}),
        RequestKind.OTHER_COUNSELOR: frozenset({ChangeKind.COUNSELOR, ChangeKind.PLACE}),
        RequestKind.LEVEL_OF_CARE: frozenset({ChangeKind.DOSE, ChangeKind.PROGRAM}),
        RequestKind.SOMETHING_ELSE: frozenset(),
    }
)

ENDS: Mapping[RequestAnswer, RequestEnd | None] = MappingProxyType(
    {
        RequestAnswer.AGREED: RequestEnd.AGREED,
        RequestAnswer.TALK: None,
        RequestAnswer.NOT_NOW: RequestEnd.NOT_NOW,
    }
)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a client asks for, and what they say would help.

    Raises:
        BadRequest: the words are too long, or missing where nothing else says what is meant.
    """

    kind: RequestKind
    words: str = ""

    def __post_init__(self) -> None:
        """Refuse what nobody could answer."""
        if len(self.words) > LONGEST_WORDS:
            message = f"Keep this under {LONGEST_WORDS} characters."
            raise BadRequest(message, field="words")
        if self.kind is RequestKind.SOMETHING_ELSE and not self.words.strip():
            raise BadRequest(field="words")


@dataclass(frozen=True, slots=True)
class Reply:
    """What staff answer: agreed from a day, let us talk on a day, or not now and why."""

    answer: RequestAnswer
    words: str = ""
    day: date | None = None

    def check(self, today: date) -> None:
        """Raise BadAnswer for a reply that says too little, or names a day that cannot be.

        Args:
            today: at the client's site.
        """
        if len(self.words) > LONGEST_WORDS:
            message = f"Keep this under {LONGEST_WORDS} characters."
            raise BadAnswer(message, field="words")
        if self.answer is RequestAnswer.NOT_NOW:
            if not self.words.strip():
                message = "Say why not now, and what could help instead."
                raise BadAnswer(message, field="words")
            if self.day is not None:
                message = "Leave the day empty when nothing changes."
                raise BadAnswer(message, field="day")
            return
        if self.day is None:
            message = "Enter the day from which it holds, or on which you talk."
            raise BadAnswer(message, field="day")
        if not today <= self.day <= today + FARTHEST:
            message = "Enter a day from today to six months from now."
            raise BadAnswer(message, field="day")

    @property
    def end(self) -> RequestEnd | None:
        """Return how this reply ends the request; None while there is still something to talk about."""
        return ENDS[self.answer]


@dataclass(frozen=True, slots=True)
class Change:
    """A dated change in somebody's care, in words."""

    kind: ChangeKind
    from_day: date
    words: str


def changes_for(kind: RequestKind, from_day: date, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return those of `changes` that grant a request agreed from `from_day`."""
    return tuple(one for one in changes if one.from_day == from_day and one.kind in GRANTED_BY[kind])
