"""One client's week at other doses, each step beside today's: before anyone decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.prescription import Dose, below_level
from iop_schedule.errors import NotPossible
from iop_schedule.models import Client, Program, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.placement import (
    NothingFits,
    PlacementView,
    PlanView,
    meeting_views,
    openings_beside,
    placement_for,
    plan_view,
    why_nothing_fits,
)
from iop_schedule.queries.placement_people import people_on
from iop_schedule.queries.placement_values import values_of
from iop_schedule.queries.prescription import enrollments_on
from iop_schedule.queries.weekly_meetings import offered_groups, seats_taken, weekly_meetings

#: A glide path that nobody has asked for otherwise: so many hours less, so often.
STEP_MINUTES, STEP_WEEKS, LAST_MINUTES, MOST_STEPS = 180, 2, 180, 3


@dataclass(frozen=True, slots=True)
class Level:
    """What a program of the site asks for: a level of care to step to."""

    name: str
    minutes: int
    days: int


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: the dose from a day, its week, and what the dose is below in the client's program."""

    dose: Dose
    plan: PlanView | None
    nothing_fits: NothingFits | None
    below: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepsView:
    """Today's week and those of the steps."""

    #: As the placement page shows the client today.
    today: PlacementView
    program_name: str
    levels: tuple[Level, ...]
    #: What the form offers while nothing has been asked.
    path: tuple[Dose, ...]
    steps: tuple[StepView, ...]


def steps_for(
    actor: Actor, client_id: int, asked: Sequence[tuple[date, int, int]] | None, *, now: datetime
) -> StepsView:
    """Return one client's weeks at other doses, each changing as little as it can from the one before.

    Args:
        actor: who asks.
        client_id: whose weeks.
        asked: per step its first day, minutes a week and days a week; None for the usual glide path.
        now: the current instant.

    Raises:
        NotFound: not this person's to place.
        NotPossible: nothing is prescribed today, a step begins after the last day of the stay, or cannot be
            a dose.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_READ, now=now)
    tomorrow = civil_time.local_day(now, civil_time.zone(client.site.zone)) + timedelta(days=1)
    person = people_on([client], tomorrow).get(client.id)
    if person is None:
        message = "Prescribe a dose first. Steps begin from it."
        raise NotPossible(message)
    stay = enrollments_on([client.id], tomorrow)[client.id]
    path = _usual_path(person.dose, tomorrow, stay.until_day or date.max)
    doses = path if asked is None else tuple(_dose(person.dose, *one) for one in sorted(asked))
    program = person.program
    return StepsView(
        today=placement_for(actor, client_id, from_day=None, now=now),
        program_name=program.name,
        levels=_levels(client.site_id),
        path=path,
        steps=tuple(_steps(client, doses, program, tomorrow, now)),
    )


def _dose(today: Dose, day: date, minutes: int, days: int) -> Dose:
    return replace(
        today,
        from_day=day,
        minutes=minutes,
        minimum_days=days,
        ordered_by="",
        step_down=minutes < today.minutes,
    )


def _usual_path(today: Dose, tomorrow: date, last_day: date) -> tuple[Dose, ...]:
    """Return fewer hours every two weeks, on Mondays, until little or nothing is left: 9, 6 and 3 hours."""
    monday = civil_time.monday_of(tomorrow + timedelta(days=6))
    steps: list[Dose] = []
    minutes, days = today.minutes, today.minimum_days
    while len(steps) < MOST_STEPS and minutes > LAST_MINUTES:
        minutes, days = max(LAST_MINUTES, minutes - STEP_MINUTES), max(1, days - 1)
        steps.append(_dose(today, monday + timedelta(weeks=STEP_WEEKS * len(steps)), minutes, days))
    in_care = tuple(step for step in steps if step.from_day <= last_day)
    return in_care or (_dose(today, min(monday, last_day), today.minutes, today.minimum_days),)


def _levels(site_id: int) -> tuple[Level, ...]:
    statement = (
        select(Program).where(Program.site_id == site_id).order_by(Program.minimum_minutes.desc(), Program.id)
    )
    return tuple(
        Level(one.name, one.minimum_minutes, one.minimum_days) for one in db.session.scalars(statement)
    )


def _steps(
    client: Client, doses: Sequence[Dose], program: Program, tomorrow: date, now: datetime
) -> list[StepView]:
    asked, meetings = [], []
    for dose in doses:
        day = max(dose.from_day, tomorrow)
        weekly = weekly_meetings(client.site_id, day)
        taken = seats_taken([one.series_id for one in weekly], day, besides=client.id, now=now)
        person = people_on([client], day).get(client.id)
        if person is None:
            message = "A step cannot begin after the last day of their stay. Choose an earlier first day."
            raise NotPossible(message)
        # A step may lead to another level of care.
        asked_for = replace(person.asked, levels=frozenset())
        values = values_of(person.program)
        problem = rules.Problem(
            groups=offered_groups(weekly, client.site.code),
            clients=(asked_for,),
            weights=values.weights,
            prices=values.prices,
        )
        wanted = rules.Dose(
            minutes=dose.minutes,
            over_minutes=dose.over_minutes,
            min_days=dose.minimum_days,
            max_minutes_per_day=dose.most_minutes_a_day,
            required=tuple(sorted(dose.required_services)),
        )
        asked.append(rules.Asked(problem, openings_beside(client.id, taken, day), wanted))
        meetings.append(meeting_views(weekly, taken, rules.weeks_by_meeting(person.asked.current)))
    found = rules.stepped(str(client.id), asked)
    return [
        StepView(
            dose=dose,
            plan=plan_view(one.plan, known, dose.from_day) if one.plan else None,
            nothing_fits=(
                why_nothing_fits(one.explanation, known, dose.from_day) if one.explanation else None
            ),
            below=tuple(
                below_level(dose, minimum_minutes=program.minimum_minutes, minimum_days=program.minimum_days)
            ),
        )
        for dose, one, known in zip(doses, found, meetings, strict=True)
    ]
