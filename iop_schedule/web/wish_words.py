"""What suits a person best, and what of it a week keeps, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Voice:
    """Whom the words speak to."""

    who: str
    as_wished: str


_STAFF, _THEMSELVES = _Voice("they", "as wished"), _Voice("you", "as you wished")


def wish_reasons(plan: PlanWeek) -> list[Reason]:
    """Return what of a person's wishes a week keeps, and what it does not, as staff read it."""
    leaders = {str(meeting.series_id): meeting.leader for meeting in plan.meetings}
    reasons = _reasons(plan.facts.wishes, leaders, _STAFF)
    if before := _as_before(plan.facts, leaders):
        reasons.append(("users-round", before))
    return reasons


def own_wish_reasons(kept: rules.WishesKept, leaders: Mapping[str, str]) -> list[Reason]:
    """Return what of their own wishes a week keeps, and what it does not, as the person reads it.

    Args:
        kept: which wishes.
        leaders: who leads each meeting of the week.
    """
    return _reasons(kept, leaders, _THEMSELVES)


def _reasons(kept: rules.WishesKept, leaders: Mapping[str, str], voice: _Voice) -> list[Reason]:
    reasons: list[Reason] = []
    if kept.time in TIME_WORDS:
        words = _share(TIME_WORDS[kept.time], _AT[kept.time], len(kept.at_time), len(leaders), voice)
        reasons.append(("sun", words))
    if kept.liked_days:
        reasons.append(("calendar-heart", f"{_days(kept.liked_days)}, {voice.as_wished}"))
    if kept.disliked_days:
        reasons.append(("calendar-minus", f"{_days(kept.disliked_days)}: {voice.who} would rather not"))
    if kept.wants_counselor:
        reasons.append(("user-round-check", _counselor(kept.with_counselor, leaders, voice)))
    if kept.modality is not None:
        words = MODALITY_WORDS[kept.modality]
        share = _share(words, words.lower(), len(kept.in_modality), len(leaders), voice)
        reasons.append(("video", share))
    return reasons


def _share(all_of_them: str, how: str, kept: int, number: int, voice: _Voice) -> str:
    if not kept:
        return f"None {how}, which {voice.who} wished for"
    return f"{all_of_them if kept == number else f'{kept} of {number} {how}'}, {voice.as_wished}"


def _counselor(with_them: Iterable[str], leaders: Mapping[str, str], voice: _Voice) -> str:
    led = [leaders[one] for one in with_them]
    if not led:
        return f"Not with the counselor {voice.who} wished for"
    often = "" if len(led) == len(leaders) else f" {len(led)} of {len(leaders)} times"
    return f"With {led[0]}{often}, {voice.as_wished}"


def _as_before(facts: rules.WeekFacts, leaders: Mapping[str, str]) -> str:
    """Return which counselor stays the same although sessions change; "" when none does, or none changes."""
    familiar = [one for one in facts.wishes.counselor_as_before if one in facts.added]
    names = listed(dict.fromkeys(leaders[one] for one in familiar))
    return f"Same counselor as before: {names}" if names else ""
