"""Uploads from the browser: staged, checked in the background, applied on request, removed afterwards.

A run is taken up by whoever claims it first: the thread that the upload started, or a tick of the
scheduler when that thread is gone. Applying and marking it as applied are one transaction, so a run that
is taken up twice is applied once.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select, update

from iop_schedule.actions import audit
from iop_schedule.actions.importing import Outcome, apply, check
from iop_schedule.adapters.clinic_files import staging
from iop_schedule.adapters.clinic_files.staging import Refused, Upload
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import ImportRun, User, db
from iop_schedule.models.base import write_transaction
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import AuditKind, ImportState

#: Files are kept for so long at most, and what was wrong in them.
KEPT = timedelta(days=1)
#: A worker that has not said anything for so long is gone.
SILENCE = timedelta(minutes=2)
_WAITING = (ImportState.TO_CHECK, ImportState.TO_APPLY)
_OVER = (ImportState.APPLIED, ImportState.DISCARDED, ImportState.REFUSED)


@dataclass(frozen=True, slots=True)
class Run:
    """One upload as its page shows it."""

    id: str
    state: ImportState
    files: tuple[str, ...]
    #: By file: rows, new, already.
    counts: dict[str, dict[str, int]]
    problems: tuple[dict[str, Any], ...]
    #: How many problems are not listed.
    more: int
    notes: tuple[str, ...]
    #: Percent of the files read so far, while it is worked on.
    percent: int

    @property
    def is_working(self) -> bool:
        """Return True while the page should be looked at again."""
        return self.state in _WAITING


def folder_of(instance: Path, run_id: str) -> Path:
    """Return the folder of a run below the instance folder."""
    return instance / "imports" / run_id


def upload(*, actor: Actor, uploads: Iterable[Upload], instance: Path, most_bytes: int, now: datetime) -> str:
    """Store uploaded files for checking and return the run's id.

    Raises:
        NotAllowed: this person may not import.
        NotPossible: the files are not ours, too large or a broken archive; nothing is kept.
    """
    actor.require(Permission.IMPORT_RUN)
    _make_room(actor, instance)
    run_id = secrets.token_hex(16)
    folder = folder_of(instance, run_id)
    folder.mkdir(mode=0o700, parents=True)
    try:
        files = staging.stage(uploads, folder / "files", most_bytes=most_bytes)
    except Refused as error:
        staging.discard(folder)
        raise NotPossible(str(error), field="files") from None
    db.session.add(
        ImportRun(
            id=run_id, user_id=actor.user_id, state=ImportState.TO_CHECK, files=files, counts={},
            problems={}, created_at=now,
        )
    )  # fmt: skip
    db.session.commit()
    return run_id


def _make_room(actor: Actor, instance: Path) -> None:
    """Put this person's earlier uploads away; one that is being worked on has to end first."""
    own = select(ImportRun).where(ImportRun.user_id == actor.user_id, ImportRun.state.not_in(_OVER))
    for run in db.session.scalars(own).all():
        if run.state in _WAITING:
            message = "Your last import is still being worked on. Wait until it has finished."
            raise NotPossible(message, field="files")
        if run.state == ImportState.READY:
            run.state, run.problems = ImportState.DISCARDED, {}
            staging.discard(folder_of(instance, run.id))


def find(*, actor: Actor, run_id: str, instance: Path) -> Run:
    """Return one of this person's own runs.

    Raises:
        NotFound: there is none, or it is someone else's.
    """
    run = _own(actor, run_id)
    problems = run.problems or {}
    return Run(
        id=run.id,
        state=ImportState(run.state),
        files=tuple(run.files),
        counts=run.counts,
        problems=tuple(problems.get("listed", ())),
        more=problems.get("more", 0),
        notes=tuple(problems.get("notes", ())),
        percent=_percent(folder_of(instance, run_id)),
    )


def _own(actor: Actor, run_id: str) -> ImportRun:
    actor.require(Permission.IMPORT_RUN)
    statement = select(ImportRun).where(ImportRun.id == run_id, ImportRun.user_id == actor.user_id)
    run = db.session.scalars(statement).one_or_none()
    if run is None:
        raise NotFound
    return run


def request_apply(*, actor: Actor, run_id: str) -> None:
    """Ask for a checked run to be applied; asking twice is asking once.

    Raises:
        NotFound: there is none, or it is someone else's.
        NotPossible: it has not been checked, or something in it is wrong.
    """
    run = _own(actor, run_id)
    if run.state in {ImportState.TO_APPLY, ImportState.APPLIED}:
        return
    if run.state != ImportState.READY:
        message = "This import is not ready. Choose the files again."
        raise NotPossible(message)
    run.state, run.claimed_at = ImportState.TO_APPLY, None
    db.session.commit()


def discard(*, actor: Actor, run_id: str, instance: Path) -> None:
    """Remove the files of a run that is not to be applied.

    Raises:
        NotFound: there is none, or it is someone else's.
        NotPossible: it is being applied.
    """
    run = _own(actor, run_id)
    if run.state == ImportState.TO_APPLY:
        message = "This import has begun. Wait until it has finished."
        raise NotPossible(message)
    if run.state != ImportState.APPLIED:
        run.state, run.problems = ImportState.DISCARDED, {}
    db.session.commit()
    staging.discard(folder_of(instance, run_id))


def work_off(*, instance: Path, now: datetime, run_id: str | None = None) -> bool:
    """Check or apply the next waiting run (or the one named); return False when there is none."""
    claimed = _claim(instance, now, run_id)
    if claimed is None:
        return False
    run_id, state, actor = claimed
    folder = folder_of(instance, run_id)
    try:
        if state is ImportState.TO_CHECK:
            _check(run_id, actor, folder, now)
        else:
            _apply(run_id, actor, folder, now)
    except Exception:
        _put_back(run_id)
        raise
    return True


def _claim(instance: Path, now: datetime, run_id: str | None) -> tuple[str, ImportState, Actor] | None:
    with write_transaction():
        unclaimed = or_(ImportRun.claimed_at.is_(None), ImportRun.claimed_at < now - SILENCE)
        statement = select(ImportRun).where(ImportRun.state.in_(_WAITING), unclaimed)
        if run_id is not None:
            statement = statement.where(ImportRun.id == run_id)
        statement = statement.order_by(ImportRun.created_at, ImportRun.id).with_for_update(skip_locked=True)
        for run in db.session.scalars(statement):
            if run.claimed_at is not None and _is_alive(folder_of(instance, run.id), now):
                continue
            user = db.session.get_one(User, run.user_id)
            if not user.active:  # left meanwhile
                run.state, run.problems = ImportState.DISCARDED, {}
                continue
            run.claimed_at = now
            return run.id, ImportState(run.state), actor_for(user)
    return None


def _put_back(run_id: str) -> None:
    with write_transaction():
        waiting = update(ImportRun).where(ImportRun.id == run_id, ImportRun.state.in_(_WAITING))
        problem = {"file": "", "line": 0, "column": "", "written": "",
                   "advice": "This could not be finished. Choose the files again."}  # fmt: skip
        done = {"state": ImportState.REFUSED, "problems": {"listed": [problem], "more": 0, "notes": []}}
        db.session.execute(waiting.values(**done))


def _check(run_id: str, actor: Actor, folder: Path, now: datetime) -> None:
    outcome = check(folder=folder / "files", actor=actor, now=now, progress=_Progress(folder))
    with write_transaction():
        _note(db.session.get_one(ImportRun, run_id), outcome)
        audit.record(
            AuditKind.IMPORT_CHECKED, actor=actor, now=now, subject=("import", run_id),
            details={"problems": outcome.problems.total},
        )  # fmt: skip
    if not outcome.is_clean:
        staging.discard(folder)


def _note(run: ImportRun, outcome: Outcome) -> None:
    run.counts = {name: asdict(count) for name, count in outcome.counts.items()}
    run.problems = outcome.problems.as_json()
    run.state = ImportState.READY if outcome.is_clean else ImportState.REFUSED
    run.claimed_at = None


def _apply(run_id: str, actor: Actor, folder: Path, now: datetime) -> None:
    def finish(outcome: Outcome) -> None:
        run = db.session.get_one(ImportRun, run_id)
        _note(run, outcome)
        run.state, run.applied_at, run.problems = ImportState.APPLIED, now, {}

    outcome = apply(folder=folder / "files", actor=actor, now=now, progress=_Progress(folder), finish=finish)
    if not outcome.applied:
        with write_transaction():
            _note(db.session.get_one(ImportRun, run_id), outcome)
    staging.discard(folder)


def forget_old(*, instance: Path, now: datetime) -> int:
    """Remove files and problem lists older than a day; return how many runs were put away."""
    with write_transaction():
        statement = select(ImportRun).where(ImportRun.created_at < now - KEPT)
        old = [
            run for run in db.session.scalars(statement) if run.problems or run.state != ImportState.APPLIED
        ]
        done = 0
        for run in old:
            if run.state == ImportState.DISCARDED:
                continue
            run.problems = {}
            if run.state != ImportState.APPLIED:
                run.state = ImportState.DISCARDED
            done += 1
        ids = [run.id for run in old]
    for run_id in ids:
        staging.discard(folder_of(instance, run_id))
    return done


class _Progress:
    """Keeps how far a run has come in a file of its folder, where other processes see it.

    Not in the database: while a run is applied, its transaction is the only one that may write there.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "progress.json"

    def __call__(self, done: int, total: int) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps({"percent": 100 * done // max(total, 1)}), encoding="ascii")
        new.replace(self._file)


def _percent(folder: Path) -> int:
    try:
        return int(json.loads((folder / "progress.json").read_text(encoding="ascii"))["percent"])
    except (OSError, ValueError, KeyError):
        return 0


def _is_alive(folder: Path, now: datetime) -> bool:
    """Return True when the run's worker has reported progress lately."""
    try:
        spoke = (folder / "progress.json").stat().st_mtime
    except OSError:
        return False
    return now.timestamp() - spoke < SILENCE.total_seconds()
