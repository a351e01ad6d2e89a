"""What placement needs in the invented clinic: a policy, counselors' hours, and plans being made."""

from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.placement_runs import Wanted, ask_for_run
from iop_schedule.domain import civil_time
from iop_schedule.models import (
    CounselorHours,
    CounselorLimit,
    Enrollment,
    PriorityClass,
    PriorityMark,
    Program,
    Site,
    User,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import EnrollmentStatus, PlacementAim, Role

#: Mornings and afternoons with lunch between, in minutes after midnight.
HOURS = ((9 * 60, 12 * 60), (13 * 60, 17 * 60))
POLICY = (("Expecting a child", 4), ("Parent of a child under one year", 3), ("Leaving residential care", 2))
SOURCE = "Invented admission policy, section 4"


def add_placement(*, now: datetime) -> None:
    """Add a policy to each program, hours to each counselor, and a plan that waits for the scheduler."""
    for program in db.session.scalars(select(Program).order_by(Program.id)).all():
        _add_policy(program)
    for site in db.session.scalars(select(Site).order_by(Site.id)).all():
        _add_hours(site)
    db.session.commit()
    asked: set[int] = set()
    for program in db.session.scalars(select(Program).order_by(Program.id)).all():
        if program.site_id not in asked:
            asked.add(program.site_id)
            _ask(program, now)


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
    """Let the site's administrator have asked for a plan; the scheduler makes it."""
    users = select(User).where(User.sites.any(Site.id == program.site_id)).order_by(User.id)
    administrator = next(
        (u for u in db.session.scalars(users).unique() if u.role is Role.ADMINISTRATOR), None
    )
    if administrator is None:
        return
    tomorrow = civil_time.local_day(now, civil_time.zone(program.site.zone)) + timedelta(days=1)
    wanted = Wanted(program_id=program.id, from_day=tomorrow, seconds=60, aim=PlacementAim.REACH)
    ask_for_run(actor=actor_for(administrator), wanted=wanted, now=now)
