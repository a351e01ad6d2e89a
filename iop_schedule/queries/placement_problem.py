"""People, groups and typical weeks as placement's rules take them, from rows already read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import Busy, Commitment, weekly_view
from iop_schedule.domain.prescription import Dose
from iop_schedule.domain.wishes import Wishes
from iop_schedule.models import Client, Group, Series
from iop_schedule.vocabulary import (
    Attend,
    Gender,
    GroupGender,
    LevelOfCare,
    Modality,
    ModalityWish,
    Weekday,
    WeekParity,
)

#: The kind under which a session of our own stands among a person's commitments.
SESSION = "session"
_DEFAULTS = rules.Valuation()


def person(
    name: str,
    client: Client,
    dose: Dose,
    *,
    held: Mapping[int, WeekParity],
    commitments: Iterable[rules.Commitment],
    priority: int = 1,
    keep_apart: Iterable[str] = (),
    levels: Iterable[str] = (),
    closed: Iterable[int] = (),
    kept_seats: Iterable[int] = (),
    wishes: Wishes | None = None,
    values: rules.Valuation = _DEFAULTS,
) -> rules.Client:
    """Return a client as the rules take them, under `name`.

    `held` says in which weeks they attend which series, `closed` are those that cannot be had, `kept_seats`
    those with a seat kept.
    """
    suits = wishes or Wishes()
    return rules.Client(
        id=name,
        priority=priority,
        languages=tuple(client.languages),
        dose=rules.Dose(
            minutes=dose.minutes,
            over_minutes=dose.over_minutes,
            min_days=dose.minimum_days,
            max_minutes_per_day=dose.most_minutes_a_day,
            required=tuple(sorted(dose.required_services)),
        ),
        gender=Gender(client.gender),
        modality=ModalityWish(client.modality),
        prefers_modality=suits.modality,
        travel_minutes={client.site.code: client.travel_minutes},
        commitments=tuple(commitments),
        preferences=_preferences(suits, values.wished_day),
        keep_apart=tuple(keep_apart),
        current=rules.choice_of({str(series_id): week for series_id, week in sorted(held.items())}),
        levels=frozenset(LevelOfCare(one) for one in levels),
        closed=_named(closed),
        kept_seats=_named(kept_seats),
    )


def _named(series_ids: Iterable[int]) -> tuple[str, ...]:
    return tuple(str(series_id) for series_id in sorted(series_ids))


def _preferences(wishes: Wishes, wished_day: int) -> rules.Preferences:
    points = dict.fromkeys(sorted(wishes.liked_days), wished_day)
    points |= dict.fromkeys(sorted(wishes.disliked_days), -wished_day)
    counselor = wishes.counselor_id
    return rules.Preferences(
        time=wishes.time, weekdays=points, counselor=None if counselor is None else str(counselor)
    )


def group(
    row: Group, site: str, seats: Mapping[int, int], met: Sequence[Series] | None = None
) -> rules.Group:
    """Return a group with the seats there are in each meeting, by series.

    Its meetings are those in `met`, or else the ones loaded on it.
    """
    there = row.meetings if met is None else met
    meetings, leader_id = [], there[0].leader_id
    for series in there:
        start = civil_time.minutes_of_day(series.local_start)
        meetings.append(
            rules.Meeting(
                id=str(series.id),
                weekday=Weekday(series.weekday),
                start=start,
                end=start + series.duration_minutes,
                seats=max(0, seats[series.id]),
                break_minutes=series.break_minutes,
                counselor=None if series.leader_id == leader_id else str(series.leader_id),
            )
        )
    return rules.Group(
        id=str(row.id),
        service_type=row.service_type,
        modality=Modality(row.modality),
        language=row.language,
        meetings=tuple(meetings),
        counselor=str(leader_id),
        site=site if row.modality == Modality.IN_PERSON else None,
        gender=GroupGender(row.gender),
        attend=Attend(row.attend),
    )


def session(series: Series, label: str = "", week: WeekParity = WeekParity.EVERY) -> rules.Commitment:
    """Return one of our own sessions as a commitment; beside one at the same site nobody travels."""
    start = civil_time.minutes_of_day(series.local_start)
    every_week = series.every_weeks == 1
    return rules.Commitment(
        kind=SESSION,
        weekday=Weekday(series.weekday),
        start=start,
        end=start + series.duration_minutes,
        label=label,
        week=week if every_week else civil_time.letter_of(series.from_day),
        site=series.site.code if series.modality == Modality.IN_PERSON else None,
    )


def typical_weeks(
    commitments: Iterable[Commitment], day: date
) -> Mapping[WeekParity, Mapping[Weekday, list[Busy]]]:
    """Return what weeks A and B, as places count them, hold from the week of `day` on."""
    weeks = weekly_view(rules.collapse(commitments, first=day).typical, anchor=day)
    if civil_time.letter_of(day) is WeekParity.A:
        return weeks
    return {WeekParity.A: weeks[WeekParity.B], WeekParity.B: weeks[WeekParity.A]}


def weekly_commitments(
    client: Client, commitments: Sequence[Commitment], day: date, values: rules.Valuation = _DEFAULTS
) -> dict[rules.Commitment, Commitment]:
    """Return the typical weeks A and B as the rules take them, each with what stands behind it.

    Of the client's trip to the site and a commitment's own travel the longer one counts: the rules add
    the trip around the meeting, so only what the commitment needs beyond it is added here.
    """
    found: dict[rules.Commitment, tuple[set[WeekParity], Commitment]] = {}
    for parity, days in typical_weeks(commitments, day).items():
        for weekday, stretches in days.items():
            for busy in stretches:
                stretch = rules.Commitment(
                    kind=busy.commitment.kind,
                    weekday=weekday,
                    start=_without_trip(busy, client, before=True),
                    end=_without_trip(busy, client, before=False),
                    label=busy.commitment.label,
                    hard=busy.commitment.hard,
                    cost=0 if busy.commitment.hard else values.soft_cost,
                    negotiable=busy.commitment.negotiable,
                )
                found.setdefault(stretch, (set(), busy.commitment))[0].add(parity)
    real = {one.id: one for one in commitments}
    return {
        stretch if len(weeks) > 1 else replace(stretch, week=weeks.pop()): _from(real[commitment.id], day)
        for stretch, (weeks, commitment) in found.items()
    }


def _from(commitment: Commitment, day: date) -> Commitment:
    """Return a weekly commitment as it is said from the week of `day` on."""
    return replace(commitment, from_day=max(commitment.from_day, civil_time.monday_of(day)))


def _without_trip(busy: Busy, client: Client, *, before: bool) -> int:
    own = busy.commitment.travel_before if before else busy.commitment.travel_after
    covered = min(own, client.travel_minutes)
    return busy.interval.start + covered if before else busy.interval.end - covered
