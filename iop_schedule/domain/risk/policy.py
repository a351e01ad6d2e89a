"""Every number of the engagement monitor, with its default; a program keeps its own, versioned."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from iop_schedule.errors import NotPossible


@dataclass(frozen=True, slots=True)
class MonitorPolicy:
    """The settings one run of the monitor used. Equal settings give equal results for equal sessions.

    Source: docs/sources.md#engagement-monitor
    """

    #: Names this set of numbers wherever a tier is stored or printed.
    version: str = "2026-1"

    #: Attendance of a client nobody has seen yet, and how many sessions that belief is worth.
    prior_mean: float = 0.80
    prior_strength: float = 5.5
    #: What a session still counts after one unpaused week.
    weekly_discount: float = 0.70
    #: LEVEL asks how likely attendance is below this share.
    low_share: float = 2 / 3
    #: Fewer effective sessions than this are “not enough data”.
    minimum_effective: float = 2.0
    #: Probability of low attendance from which LEVEL raises a tier, and below which it clears.
    check_in_from: float = 0.80
    reach_out_from: float = 0.92
    clear_below: float = 0.50

    #: How many sessions the program's average is worth in a client's own usual share of misses.
    personal_strength: float = 6.0
    lowest_usual_miss: float = 0.05
    highest_usual_miss: float = 0.45
    #: DROP: the odds of a miss have become this many times the usual.
    drop_odds: float = 4.0
    #: STOP, and the most DROP assumes: the share of misses of someone who has stopped coming.
    stop_miss: float = 0.90
    #: CHANGE alerts from here (h). Source: docs/measurements/engagement.md
    threshold: float = 3.8
    #: The client's usual share is learnt only while both arms are below this part of the threshold.
    learn_below: float = 0.70
    #: No second CHANGE alert for a client within this many days.
    quiet_days: int = 14
    #: Sessions attended after which CHANGE and EARLY clear.
    clears_after: int = 2

    #: Days without any contact above which to reach out, and to reach out today.
    no_contact_days: int = 7
    no_contact_today_days: int = 14
    #: Length of the early phase from admission, in days; those on a pause do not count.
    early_days: int = 14
    #: Full weeks in a row below the minimum although enough was scheduled.
    dose_weeks: int = 2
    #: Look-back and number of misses before a pattern is called a misfit.
    misfit_days: int = 42
    misfit_misses: int = 3
    misfit_misses_after_change: int = 2
    misfit_attended: int = 3
    #: More excused absences than this within these days ask for a review.
    excused_review_above: int = 2
    excused_review_days: int = 28

    #: A session counts as attended from these minutes on, or from half of it if that is more.
    service_minimum_minutes: int = 0
    #: Other minutes for single kinds of service, by `ServiceType`, where a payer counts them so.
    service_minimums: Mapping[str, int] = field(default_factory=dict)
    #: An attended make-up cancels one miss at most this many days away.
    make_up_days: int = 7

    def minimum_for(self, service_type: str) -> int:
        """Return the minutes from which a session of this kind counts, if above half of it."""
        return self.service_minimums.get(service_type, self.service_minimum_minutes)

    def __post_init__(self) -> None:
        """Refuse settings under which the formulas have no meaning."""
        shares = {
            "prior_mean": self.prior_mean,
            "weekly_discount": self.weekly_discount,
            "low_share": self.low_share,
            "lowest_usual_miss": self.lowest_usual_miss,
            "highest_usual_miss": self.highest_usual_miss,
            "stop_miss": self.stop_miss,
        }
        for name, value in shares.items():
            if not 0 < value < 1 and not (name == "weekly_discount" and value == 1):
                message = f"{name} must lie between 0 and 1, not {value}"
                raise ValueError(message)
        for name in ("prior_strength", "personal_strength", "threshold"):
            if not getattr(self, name) > 0:
                message = f"{name} must be above 0, not {getattr(self, name)}"
                raise ValueError(message)
        if self.lowest_usual_miss > self.highest_usual_miss:
            message = "lowest_usual_miss must not be above highest_usual_miss"
            raise ValueError(message)


class BadNumber(NotPossible):
    """The monitor cannot work with this number. Correct it."""


#: Of each pair the first must not be more than the second, or the second would never be reached.
_ASCENDING = (
    ("clear_below", "check_in_from", "Clear below", "Check in from"),
    ("check_in_from", "reach_out_from", "Check in from", "Reach out from"),
    ("no_contact_days", "no_contact_today_days", "No contact: reach out", "reach out today"),
    ("lowest_usual_miss", "highest_usual_miss", "Lowest usual share of misses", "the highest"),
)


def numbers_of(policy: MonitorPolicy) -> dict[str, Any]:
    """Return a policy's numbers by name, as a stored version keeps them."""
    numbers = asdict(policy)
    del numbers["version"]
    return numbers


def revised(policy: MonitorPolicy, numbers: Mapping[str, Any]) -> MonitorPolicy:
    """Return `policy` with other numbers, as somebody wants to put them in force.

    Raises:
        BadNumber: a formula would have no meaning, or two numbers stand the wrong way round.
    """
    wanted = numbers_of(policy) | dict(numbers)
    for low, high, low_words, high_words in _ASCENDING:
        if wanted[low] > wanted[high]:
            message = f"“{low_words}” must not be above “{high_words}”. Correct one of them."
            raise BadNumber(message, field=high)
    try:
        return replace(policy, **numbers)
    except ValueError as problem:
        message = f"{problem}. Correct it."
        raise BadNumber(message, field=str(problem).split(maxsplit=1)[0]) from None
