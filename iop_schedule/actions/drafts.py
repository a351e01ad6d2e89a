"""A draft that becomes a group: the group and all its weekly meetings at once, or nothing."""

from collections.abc import Sequence
from datetime import date, datetime

from iop_schedule.actions.groups import GroupDetails, add_group
from iop_schedule.actions.series import Meeting, add_meeting
from iop_schedule.errors import NotPossible
from iop_schedule.models import Group, db
from iop_schedule.queries.access import Actor


def open_draft(
    *,
    actor: Actor,
    program_id: int,
    details: GroupDetails,
    meetings: Sequence[Meeting],
    from_day: date,
    now: datetime,
) -> Group:
    """Open a group that meets at these times from a day on; raises as `create_group` and `create_meeting`."""
    if not meetings:
        message = "Choose at least one day."
        raise NotPossible(message, field="days")
    try:
        group = add_group(actor=actor, program_id=program_id, details=details, now=now)
        for meeting in meetings:
            add_meeting(actor=actor, group_id=group.id, meeting=meeting, from_day=from_day, now=now)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    return group
