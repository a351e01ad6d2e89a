"""Someone is out: others lead their sessions, or sessions are cancelled, all in one go."""

from collections.abc import Mapping
from datetime import datetime

from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.occurrences import Move, apply_cancellation, apply_move
from iop_schedule.domain.civil_time import zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.substitutes import NothingChosen
from iop_schedule.errors import NotFound
from iop_schedule.models import Occurrence, db
from iop_schedule.queries.access import Actor, access_occurrence, access_site


def substitute(
    *,
    actor: Actor,
    site_id: int,
    leaders: Mapping[int, int | None],
    reason: str,
    now: datetime,
) -> int:
    """Let others lead some dated sessions, or cancel them; return how many changed. All or nothing.

    The weekly sessions stay as they are, and so does everything that was held.

    Args:
        actor: who decides.
        site_id: where the sessions are held.
        leaders: by session, who leads it; None cancels it.
        reason: in words clients may read; needed where a session is cancelled.
        now: the current instant.

    Raises:
        NotFound, NotAllowed: not this person's to change.
        NothingChosen: no session is given.
        SessionStands, TimeTaken, BadReason: as for a single session.
    """
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    sessions = {one: access_occurrence(actor, one, Permission.PROGRAM_EDIT, now=now) for one in leaders}
    if not sessions:
        raise NothingChosen
    if any(session.site_id != site.id for session in sessions.values()):
        raise NotFound
    everyone = {session.leader_id for session in sessions.values()} | {who for who in leaders.values() if who}
    lock_schedule(site.id, leader_ids=everyone)
    for occurrence_id in sorted(leaders):
        leader_id = leaders[occurrence_id]
        if leader_id is None:
            apply_cancellation(actor, occurrence_id, reason, now=now)
        else:
            session = access_occurrence(actor, occurrence_id, Permission.PROGRAM_EDIT, now=now)
            apply_move(actor, occurrence_id, _led_by(session, leader_id, reason), now=now)
    db.session.commit()
    return len(leaders)


def _led_by(session: Occurrence, leader_id: int, reason: str) -> Move:
    starts = session.starts_at.astimezone(zone(session.site.zone))
    return Move(
        day=session.local_day,
        start=starts.time(),
        duration_minutes=int((session.ends_at - session.starts_at).total_seconds()) // 60,
        leader_id=leader_id,
        room_id=session.room_id,
        reason=reason,
    )
