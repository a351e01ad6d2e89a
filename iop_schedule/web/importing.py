"""The clinic's files in and out, for administrators: upload, check, apply; download."""

import logging
from pathlib import Path
from threading import Lock, Thread

from flask import Blueprint, Flask, Response, current_app, flash, g, redirect, render_template, url_for
from flask import stream_with_context as streamed
from flask.typing import ResponseReturnValue

from iop_schedule import clock
from iop_schedule.actions.exporting import export_zip
from iop_schedule.actions.importing import runs
from iop_schedule.adapters.clinic_files.tables import TABLES
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.forms.importing import ImportForm
from iop_schedule.web.security import actor, polled, requires, settings, takes, viewed

imports = Blueprint("imports", __name__)
log = logging.getLogger(__name__)

#: Archives may inflate to this many times the largest upload.
INFLATES_TO = 4
#: How long a test waits for the background; browsers never do.
_PATIENCE = 60.0

_one_at_a_time = Lock()


@imports.get("/import")
@requires(Permission.IMPORT_RUN)
def upload() -> ResponseReturnValue:
    """Show where files are chosen."""
    return render_template("importing/upload.html", form=ImportForm(), tables=TABLES)


@imports.post("/import")
@requires(Permission.IMPORT_RUN)
@takes(lambda settings: settings.max_upload)
def take_in() -> ResponseReturnValue:
    """Store the chosen files, begin to check them and show how far that is."""
    form = ImportForm()
    try:
        run_id = runs.upload(
            actor=actor(),
            uploads=form.value().files,
            instance=_instance(),
            most_bytes=settings().max_upload * INFLATES_TO,
            now=g.now,
        )
    except NotPossible as refused:
        form.files.errors = [refused.message]
        return render_template("importing/upload.html", form=form, tables=TABLES), 422
    _begin(run_id)
    return redirect(url_for("imports.run", run_id=run_id))


@imports.get("/import/<string(length=32):run_id>")
@requires(Permission.IMPORT_RUN)
@polled
def run(run_id: str) -> ResponseReturnValue:
    """Show how far one upload is, what it would do, or what is wrong with it."""
    shown = runs.find(actor=actor(), run_id=run_id, instance=_instance())
    if not shown.is_working:
        viewed(AuditKind.IMPORT_CHECKED, subject=("import", run_id), details={"viewed": shown.state})
    return render_template(
        "importing/run.html",
        run=shown,
        counts=[
            (f"{table.name}.csv", shown.counts[table.name]) for table in TABLES if table.name in shown.counts
        ],
        new=sum(count["new"] for count in shown.counts.values()),
    )


@imports.post("/import/<string(length=32):run_id>/apply")
@requires(Permission.IMPORT_RUN)
def apply(run_id: str) -> ResponseReturnValue:
    """Put a checked upload into the database, in the background."""
    try:
        runs.request_apply(actor=actor(), run_id=run_id)
    except NotPossible as refused:
        flash(refused.message, "problem")
        return redirect(url_for("imports.run", run_id=run_id))
    _begin(run_id)
    return redirect(url_for("imports.run", run_id=run_id))


@imports.post("/import/<string(length=32):run_id>/discard")
@requires(Permission.IMPORT_RUN)
def discard(run_id: str) -> ResponseReturnValue:
    """Remove the files of an upload that is not wanted."""
    try:
        runs.discard(actor=actor(), run_id=run_id, instance=_instance())
    except NotPossible as refused:
        flash(refused.message, "problem")
        return redirect(url_for("imports.run", run_id=run_id))
    flash("The files were removed. Nothing was imported.", "success")
    return redirect(url_for("imports.upload"))


@imports.get("/export")
@requires(Permission.EXPORT_RUN)
def export() -> ResponseReturnValue:
    """Show what an export holds."""
    return render_template("importing/export.html", tables=TABLES)


@imports.post("/export")
@requires(Permission.EXPORT_RUN)
def download() -> ResponseReturnValue:
    """Hand out the files of one's own sites as a zip archive."""
    pieces = export_zip(actor=actor(), now=g.now)
    name = f"files-{actor().today(g.now):%Y-%m-%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(streamed(pieces), mimetype="application/zip", headers=headers)


def _instance() -> Path:
    return Path(current_app.instance_path)


def _begin(run_id: str) -> None:
    """Work a run off in a thread of this server, so that nobody waits for an answer.

    If the server ends meanwhile, a tick of the scheduler takes the run up again.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    thread = Thread(target=_work, args=(app, run_id), name="import", daemon=True)
    thread.start()
    if app.testing:
        thread.join(_PATIENCE)


def _work(app: Flask, run_id: str) -> None:
    with _one_at_a_time, app.app_context():
        try:
            runs.work_off(instance=Path(app.instance_path), now=clock.now(), run_id=run_id)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            # Only the kind: messages of database errors quote people's data.
            log.error("an import could not be finished: %s", type(error).__name__)  # noqa: TRY400
