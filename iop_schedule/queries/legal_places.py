"""A person's weekly places as they stand after a change, answering to the same rules as the solver.

Changes by hand write their rows, ask here, and are taken back when the answer is no.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import weeks_in_words
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.placement import by_hand
from iop_schedule.domain.series import Span
from iop_schedule.models import Client
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.keep_apart import apart_from, shared_places
from iop_schedule.queries.person_weeks import Becoming, Levels, PersonWeeks
from iop_schedule.vocabulary import WeekParity


def check_places(client: Client, touched: Collection[int], days: Span) -> None:
    """Refuse the places of a client as they stand now, when those `touched` break a hard rule.

    The caller has written the rows, and takes them back after a refusal. Seats, commitments and sessions
    at the same time are looked at by their dates elsewhere.

    Args:
        client: whose places.
        touched: the weekly sessions, groups' or their own, in which a place has just begun.
        days: of these places.

    Raises:
        NotLegal: names the rule, and never another person.
    """
    if not touched:
        return
    weeks, chosen = PersonWeeks([client.id], days), frozenset(str(one) for one in touched)
    shared = shared_places(apart_from([client.id]).get(client.id, ()), touched, days.first, days.last)
    for day in weeks.days_to_judge(client.id, touched, days):
        week = weeks.week(client, day)
        groups = week.by_meeting
        refused = by_hand.first_refusal(week.judged(shared), chosen & groups.keys(), groups)
        if refused is not None:
            words = by_hand.refusal_words(refused, client.called, week.names, groups)
            raise by_hand.NotLegal(words, field="series", rule=refused.rule)


def left_open(actor: Actor, client_id: int, day: date, *, now: datetime) -> tuple[str, ...]:
    """Return what a client's places on `day` leave open of the dose, or have beyond it, in words for staff.

    Raises:
        NotFound: not this person's to place.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    broken = PersonWeeks([client.id], Span(day, day)).week(client, day, groups_only=True).judged()
    return tuple(dict.fromkeys(_said(one, broken, day) for one in broken if one.rule in by_hand.PRESCRIBED))


def _said(broken: rules.BrokenRule, among: Sequence[rules.BrokenRule], day: date) -> str:
    """Return what is open, with the weeks it is about unless it is so in each."""
    weeks_so = {one.week for one in among if one.message == broken.message}
    if broken.week is WeekParity.EVERY or len(weeks_so) > 1:
        return broken.message
    return f"{weeks_in_words(broken.week, day).replace('weeks', 'Weeks', 1)}: {broken.message}"


@dataclass(frozen=True, slots=True)
class Touched:
    """Somebody whose weekly sessions change: which of them, and on which days."""

    client: Client
    series_ids: Collection[int]
    days: Span


def no_longer_legal(
    touched: Sequence[Touched],
    *,
    becoming: Becoming = lambda group: group,
    levels: Levels | None = None,
) -> list[tuple[str, ...]]:
    """Return what a change of groups would let each week break that it does not break today, in words.

    Seats, commitments and sessions at the same time are looked at by their dates elsewhere; people kept apart
    are nobody's to hear of. What is stored is read once for everybody.

    Args:
        touched: whose weeks.
        becoming: what each group of theirs is after the change.
        levels: levels of care that change, by program.
    """
    if not touched:
        return []
    lasts = [one.days.last for one in touched]
    through = None if None in lasts else max(last for last in lasts if last)
    reached = Span(min(one.days.first for one in touched), through)
    weeks = PersonWeeks({one.client.id for one in touched}, reached)
    return [_no_longer(weeks, one, becoming, levels or {}) for one in touched]


def _no_longer(weeks: PersonWeeks, one: Touched, becoming: Becoming, levels: Levels) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for day in weeks.days_to_judge(one.client.id, one.series_ids, one.days):
        then = weeks.week(one.client, day, becoming=becoming, levels=levels)
        known = {(broken.rule, broken.meetings) for broken in weeks.week(one.client, day).judged()}
        for broken in then.judged():
            said = broken.rule in by_hand.ABOUT_GROUPS | by_hand.PRESCRIBED
            if said and (broken.rule, broken.meetings) not in known:
                words = by_hand.reason_words(broken, one.client.called, then.names, then.by_meeting)
                found[words] = None
    return tuple(found)
