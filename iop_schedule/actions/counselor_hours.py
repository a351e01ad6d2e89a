"""When counselors see people one to one: their hours, breaks between them, and how many people."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from iop_schedule.actions import audit
from iop_schedule.domain.intervals import Interval, union
from iop_schedule.errors import NotPossible
from iop_schedule.models import CounselorHours, CounselorLimit, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.placement_one_to_ones import counselor_time
from iop_schedule.vocabulary import AuditKind, Weekday

MOST_CLIENTS, MOST_IN_A_ROW = 60, 12


def set_counselor_hours(
    *,
    actor: Actor,
    user_id: int,
    hours: Mapping[Weekday, Sequence[Interval[int]]],
    most_clients: int,
    most_in_a_row: int,
    languages: Sequence[str],
    now: datetime,
) -> None:
    """Say when a counselor sees people one to one; this replaces what was said before.

    Args:
        actor: who says it.
        user_id: the counselor.
        hours: by weekday, in minutes after midnight on the site's wall clock; the gaps are breaks.
        most_clients: people they see at most.
        most_in_a_row: sessions without a break at most.
        languages: in which they hold sessions.
        now: the current instant.

    Raises:
        NotFound: no such staff member at one of the actor's sites.
        NotPossible: a number is out of bounds, or no language is given.
    """
    known, site_id = counselor_time(actor, user_id)
    if not 0 <= most_clients <= MOST_CLIENTS:
        message = f"Enter 0 to {MOST_CLIENTS} people."
        raise NotPossible(message, field="most_clients")
    if not 1 <= most_in_a_row <= MOST_IN_A_ROW:
        message = f"Enter 1 to {MOST_IN_A_ROW} sessions."
        raise NotPossible(message, field="most_in_a_row")
    if not languages:
        message = "Choose at least one language."
        raise NotPossible(message, field="languages")
    mine = CounselorHours.user_id == user_id, CounselorHours.site_id == site_id
    db.session.execute(delete(CounselorHours).where(*mine))
    for weekday, pieces in hours.items():
        for piece in union(pieces):
            db.session.add(
                CounselorHours(
                    user_id=user_id, site_id=site_id, weekday=int(weekday),
                    start_minute=piece.start, end_minute=piece.end,
                )
            )  # fmt: skip
    limit = db.session.scalars(
        select(CounselorLimit).where(CounselorLimit.user_id == user_id, CounselorLimit.site_id == site_id)
    ).one_or_none()
    if limit is None:
        limit = CounselorLimit(user_id=user_id, site_id=site_id)
        db.session.add(limit)
    limit.most_clients, limit.most_in_a_row, limit.languages = most_clients, most_in_a_row, list(languages)
    audit.record(
        AuditKind.COUNSELOR_HOURS_CHANGED, actor=actor, now=now, subject=("user", user_id), site_id=site_id,
        details={"was": known.most_clients, "people": most_clients, "in_a_row": most_in_a_row},
    )  # fmt: skip
    db.session.commit()
