"""What suits a person best, and what of it a week keeps, in words."""

from collections.abc import Iterable, Mapping

from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import DAY_NAMES
from iop_schedule.queries.placement import PlanWeek
from iop_schedule.queries.wishes import Wished
from iop_schedule.vocabulary import DayPart, Modality, Weekday
from iop_schedule.web.presenting import listed

TIME_WORDS = {
    DayPart.MORNING: "Mornings",
    DayPart.MIDDAY: "The middle of the day",
    DayPart.EVENING: "Late afternoons and evenings",
}
MODALITY_WORDS = {Modality.IN_PERSON: "In person", Modality.TELEHEALTH: "By video"}
_AT = {
    DayPart.MORNING: "in the morning",
    DayPart.MIDDAY: "in the middle of the day",
    DayPart.EVENING: "late in the day",
}

#: An icon and what it stands beside.
Reason = tuple[str, str]


def wish_lines(wished: Wished) -> list[str]:
    """Return what suits a person best, one sentence a wish; [] when anything does."""
    wishes = wished.wishes
    lines = [TIME_WORDS[wishes.time]] if wishes.time in TIME_WORDS else []
    if wishes.liked_days:
        lines.append(f"Best on {_days(sorted(wishes.liked_days))}")
    if wishes.disliked_days:
        lines.append(f"Rather not on {_days(sorted(wishes.disliked_days))}")
    if wished.counselor:
        lines.append(f"With {wished.counselor}")
    if wishes.modality is not None:
        lines.append(MODALITY_WORDS[wishes.modality])
    return lines


def _days(days: Iterable[Weekday]) -> str:
    return listed(DAY_NAMES[day] for day in days)


def wish_reasons(plan: PlanWeek) -> list[Reason]:
    """Return what of a person's wishes a week keeps, and what it does not, as staff read it."""
    kept = plan.facts.wishes
    number = len(plan.meetings)
    reasons: list[Reason] = []
    if kept.time in TIME_WORDS:
        all_of_them = f"{TIME_WORDS[kept.time]}, as wished"
        reasons.append(("sun", _share(all_of_them, _AT[kept.time], len(kept.at_time), number)))
    if kept.liked_days:
        reasons.append(("calendar-heart", f"{_days(kept.liked_days)}, as wished"))
    if kept.disliked_days:
        reasons.append(("calendar-minus", f"{_days(kept.disliked_days)}: they would rather not"))
    leaders = {str(meeting.series_id): meeting.leader for meeting in plan.meetings}
    if kept.wants_counselor:
        reasons.append(("user-round-check", _counselor(kept.with_counselor, leaders)))
    if kept.modality is not None:
        words = MODALITY_WORDS[kept.modality]
        reasons.append(("video", _share(f"{words}, as wished", words.lower(), len(kept.in_modality), number)))
    if before := _as_before(plan.facts, leaders):
        reasons.append(("users-round", before))
    return reasons


def _share(all_of_them: str, how: str, kept: int, number: int) -> str:
    if kept == number:
        return all_of_them
    return f"{kept} of {number} {how}, as wished" if kept else f"None {how}, which they wished for"


def _counselor(with_them: Iterable[str], leaders: Mapping[str, str]) -> str:
    led = [leaders[one] for one in with_them]
    if not led:
        return "Not with the counselor they wished for"
    often = "" if len(led) == len(leaders) else f" {len(led)} of {len(leaders)} times"
    return f"With {led[0]}{often}, as wished"


def _as_before(facts: rules.WeekFacts, leaders: Mapping[str, str]) -> str:
    """Return which counselor stays the same although sessions change; "" when none does, or none changes."""
    familiar = [one for one in facts.wishes.counselor_as_before if one in facts.added]
    names = listed(dict.fromkeys(leaders[one] for one in familiar))
    return f"Same counselor as before: {names}" if names else ""
