"""What would suit a person best, where several weeks fit. A wish never keeps anybody from a place."""

from dataclasses import dataclass
from typing import Any

from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import DayPart, Modality, Weekday


class BadWish(NotPossible):
    """Choose a day as one that suits or as one that does not, not as both."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What suits one person best; whatever is left out, any suits.

    Raises:
        BadWish: a day both suits and does not, or no sessions are held on it.
    """

    time: DayPart = DayPart.ANY
    liked_days: frozenset[Weekday] = frozenset()
    disliked_days: frozenset[Weekday] = frozenset()
    #: The user who should lead their sessions.
    counselor_id: int | None = None
    #: For someone who can attend either way.
    modality: Modality | None = None

    def __post_init__(self) -> None:
        """Refuse days that cannot be wished for."""
        if self.liked_days & self.disliked_days:
            raise BadWish(field="disliked_days")
        for field, days in (("liked_days", self.liked_days), ("disliked_days", self.disliked_days)):
            if not all(day.is_treatment_day for day in days):
                message = "Sessions are on Monday to Friday."
                raise BadWish(message, field=field)

    @property
    def says_something(self) -> bool:
        """Return True unless anything suits."""
        return self != Wishes()

    def as_plain(self) -> dict[str, Any]:
        """Return the wishes as the audit trail keeps them.

        >>> Wishes(time=DayPart.MORNING, liked_days=frozenset({Weekday.WE, Weekday.MO})).as_plain()
        {'time': 'morning', 'liked_days': [0, 2], 'disliked_days': [], 'counselor': None, 'modality': None}
        """
        return {
            "time": self.time.value,
            "liked_days": sorted(int(day) for day in self.liked_days),
            "disliked_days": sorted(int(day) for day in self.disliked_days),
            "counselor": self.counselor_id,
            "modality": self.modality.value if self.modality else None,
        }
