"""Importing the clinic's files: a check that changes nothing, then everything in one transaction or nothing.

`check` and `apply` work on a folder, for the command line; `runs` are the same for the browser, in the
background. The rules are those of the screens; see `rules` and `marks`.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from iop_schedule.actions import audit
from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.importing.reading import Count, Outcome, Progress, Reading
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, Site, db
from iop_schedule.models.base import write_intent, write_transaction
from iop_schedule.queries.access import Actor
from iop_schedule.queries.exporting import Scope
from iop_schedule.vocabulary import AuditKind

log = logging.getLogger(__name__)

__all__ = ["Count", "Outcome", "Progress", "apply", "check"]


def _quiet(done: int, total: int) -> None:
    """Take a report of progress that nobody looks at."""


def _scope_of(actor: Actor | None) -> Scope:
    if actor is None:
        return None
    actor.require(Permission.IMPORT_RUN)
    return actor.site_ids


def check(*, folder: Path, actor: Actor | None, now: datetime, progress: Progress = _quiet) -> Outcome:
    """Return what importing the files in `folder` would do and what is wrong with them; changes nothing.

    Args:
        folder: holds the files by their names.
        actor: whose sites are meant; None for whoever runs the server, and all sites.
        now: decides which sessions are past.
        progress: told now and then how many bytes of how many have been read.

    Raises:
        NotAllowed: this person may not import.
    """
    scope = _scope_of(actor)
    db.session.rollback()
    token = write_intent.set(False)
    try:
        return Reading(folder, scope=scope, now=now, progress=progress, writes=False).run()
    finally:
        db.session.rollback()
        write_intent.reset(token)


class _TakeBack(Exception):
    """Something was wrong after all: nothing may stay."""


def apply(
    *,
    folder: Path,
    actor: Actor | None,
    now: datetime,
    progress: Progress = _quiet,
    finish: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Import the files in `folder`, everything or, when anything is wrong, nothing.

    Rows that are stored already with the same values are left as they are. Sessions to come are written
    out at once, as after any change of the schedule.

    Args:
        folder: holds the files by their names.
        actor: who imports, into their own sites; None for whoever runs the server.
        now: when.
        progress: told now and then how many bytes of how many have been read.
        finish: called inside the same transaction once everything is stored.

    Returns:
        What became of every file; `applied` is False when something was wrong.

    Raises:
        NotAllowed: this person may not import.
    """
    scope = _scope_of(actor)
    recorder = actor.user_id if actor else None
    outcome = Outcome()
    try:
        with write_transaction():
            _lock(scope)
            reading = Reading(
                folder, scope=scope, now=now, progress=progress, writes=True, recorder_id=recorder
            )
            outcome = reading.run()
            _stop_unless_clean(outcome)
            _follow(outcome, now)
            reading.write_places()
            _stop_unless_clean(outcome)
            _record(outcome, actor, now)
            outcome.applied = True
            finish(outcome)
    except _TakeBack:
        pass
    except (IntegrityError, OperationalError) as error:
        # Only the kind is logged: what databases say about errors quotes people's data.
        log.warning("an import was taken back: %s", type(error).__name__)
        outcome.applied = False
        advice = "Others saved at the same time, so nothing was imported. Wait a moment and try again."
        outcome.problems.add("", 0, "", "", advice)
    return outcome


def _stop_unless_clean(outcome: Outcome) -> None:
    if not outcome.is_clean:
        raise _TakeBack


def _lock(scope: Scope) -> None:
    statement = select(Site.id).order_by(Site.id)
    if scope is not None:
        statement = statement.where(Site.id.in_(scope))
    for site_id in db.session.scalars(statement).all():
        lock_schedule(site_id)


def _follow(outcome: Outcome, now: datetime) -> None:
    db.session.expire_all()  # the rows were stored behind the session's back
    for site_id in sorted(outcome.site_ids):
        follow_rules(db.session.get_one(Site, site_id), now=now)


def _record(outcome: Outcome, actor: Actor | None, now: datetime) -> None:
    details = {"rows": {name: count.new for name, count in outcome.counts.items() if count.new}}
    for site_id in sorted(outcome.site_ids):
        audit.record(AuditKind.IMPORT_APPLIED, actor=actor, now=now, site_id=site_id, details=details)
    codes = sorted(outcome.about)
    for start in range(0, len(codes), 500):
        batch = codes[start : start + 500]
        statement = select(Client.id, Client.code, Client.site_id).where(Client.code.in_(batch))
        for client_id, code, site_id in db.session.execute(statement).all():
            audit.record(
                AuditKind.IMPORT_APPLIED,
                actor=actor,
                now=now,
                client_id=client_id,
                site_id=site_id,
                details={"rows": outcome.about[code]},
            )
