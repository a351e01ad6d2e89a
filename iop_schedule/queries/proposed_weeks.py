"""What a proposal for one person keeps of weeks: series by number, one list or one for weeks A and B each."""

from typing import Any

from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import BOTH_WEEKS
from iop_schedule.vocabulary import WeekParity


def as_proposed(choice: rules.Choice) -> Any:
    """Return a choice of series as it is kept with a proposal."""
    if isinstance(choice, rules.Alternating):
        return {str(week): _numbers(rules.meetings_in(choice, week)) for week in BOTH_WEEKS}
    return _numbers(choice)


def _numbers(meetings: tuple[str, ...]) -> list[int]:
    return sorted(int(one) for one in meetings)


def weeks_proposed(kept: Any) -> dict[int, WeekParity]:
    """Return in which weeks each series of what is kept with a proposal is attended."""
    if isinstance(kept, dict):
        a, b = (tuple(str(one) for one in kept[week]) for week in BOTH_WEEKS)
        weeks = rules.weeks_by_meeting(rules.Alternating(a, b))
    else:
        weeks = dict.fromkeys((str(one) for one in kept), WeekParity.EVERY)
    return {int(series_id): week for series_id, week in weeks.items()}
