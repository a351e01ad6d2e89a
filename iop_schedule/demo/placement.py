"""What placement needs in the invented clinic: a policy, counselors' hours, and plans being made."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.placement_repair import Change, ask_for_repair
from iop_schedule.actions.placement_runs import Wanted, ask_for_run
from iop_schedule.actions.placement_values import set_placement_values
from iop_schedule.domain import civil_time
from iop_schedule.models import (
    CounselorHours,
    CounselorLimit,
    Enrollment,
    Group,
    PriorityClass,
    PriorityMark,
    Program,
    Site,
    User,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import EnrollmentStatus, PlacementAim, RepairCause, Role

#: Mornings and afternoons with lunch between, in minutes after midnight.
HOURS = ((9 * 60, 12 * 60), (13 * 60, 17 * 60))
POLICY = (("Expecting a child", 4), ("Parent of a child under one year", 3), ("Leaving residential care", 2))
SOURCE = "Invented admission policy, section 4"


def add_placement(*, now: datetime) -> None:
    """Add a policy to each program, hours to each counselor, and plans that wait for the scheduler.

    One program of each site is planned whole; in one other program a group is about to close.
    """
    for program in db.session.scalars(select(Program).order_by(Program.id)).all():
        _add_policy(program)
    for site in db.session.scalars(select(Site).order_by(Site.id)).all():
        _add_hours(site)
    db.session.commit()
    asked: set[int] = set()
    others = []
    for program in db.session.scalars(select(Program).order_by(Program.id)).all():
        if program.site_id not in asked:
            asked.add(program.site_id)
            _ask(program, now)
        else:
            others.append(program)
    if others:
        _ask_repair(others[0], now)


def _add_policy(program: Program) -> None:
    lines = [
        PriorityClass(program_id=program.id, name=name, weight=weight, source=SOURCE)
        for name, weight in POLICY
    ]
    db.session.add_all(lines)
    waiting = select(Enrollment).where(
        Enrollment.program_id == program.id, Enrollment.status == EnrollmentStatus.WAITLISTED
    )
    first = db.session.scalars(waiting.order_by(Enrollment.id)).first()
    if first is not None:
        db.session.add(PriorityMark(enrollment=first, priority_class=lines[0]))


def _add_hours(site: Site) -> None:
    staff = db.session.scalars(select(User).where(User.sites.any(Site.id == site.id)).order_by(User.id))
    for user in staff.unique().all():
        if user.role is not Role.COUNSELOR:
            continue
        for weekday in range(5):
            for start, end in HOURS:
                db.session.add(
                    CounselorHours(
                        user_id=user.id, site_id=site.id, weekday=weekday, start_minute=start, end_minute=end
                    )
                )
        db.session.add(
            CounselorLimit(
                user_id=user.id, site_id=site.id, most_clients=24, most_in_a_row=3, languages=["en", "es"]
            )
        )


def _ask(program: Program, now: datetime) -> None:
    """Let the site's administrator have set a number and asked for a plan; the scheduler makes it."""
    administrator = _administrator(program)
    if administrator is None:
        return
    actor = actor_for(administrator)
    wanted = Wanted(
        program_id=program.id, from_day=_tomorrow(program, now), seconds=60, aim=PlacementAim.REACH
    )
    set_placement_values(actor=actor, program_id=program.id, numbers={"keep_bonus": 3}, now=now)
    ask_for_run(actor=actor, wanted=wanted, now=now)


def _ask_repair(program: Program, now: datetime) -> None:
    """Let the site's administrator have asked what becomes of the people of a group that closes."""
    administrator = _administrator(program)
    groups = select(Group).where(Group.program_id == program.id, Group.meetings.any())
    group = db.session.scalars(groups.order_by(Group.id)).first()
    if administrator is None or group is None:
        return
    change = Change(
        program_id=program.id, cause=RepairCause.GROUP_CLOSED, from_day=_tomorrow(program, now),
        seconds=30, group_id=group.id,
    )  # fmt: skip
    ask_for_repair(actor=actor_for(administrator), change=change, now=now)


def _administrator(program: Program) -> User | None:
    users = select(User).where(User.sites.any(Site.id == program.site_id)).order_by(User.id)
    return next((u for u in db.session.scalars(users).unique() if u.role is Role.ADMINISTRATOR), None)


def _tomorrow(program: Program, now: datetime) -> date:
    return civil_time.local_day(now, civil_time.zone(program.site.zone)) + timedelta(days=1)
