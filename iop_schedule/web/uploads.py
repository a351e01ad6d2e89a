"""Adding times from a calendar file or a list of shifts: choose, see what was understood, keep."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions import uploads as actions
from iop_schedule.actions.uploads import Understood
from iop_schedule.adapters import tokens
from iop_schedule.adapters.ical_upload import UploadLimits, UploadWindow, read_upload
from iop_schedule.adapters.ical_upload.lines import Line, lines_of, packed, unpacked
from iop_schedule.adapters.shift_text import read_shifts
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.queries.uploads import (
    UploadLine,
    standing_uploads,
    upload_difference,
    upload_window,
)
from iop_schedule.vocabulary import AuditKind, ConstraintKind, UploadSource
from iop_schedule.web.availability import Page, own_page, saved_page, their_page
from iop_schedule.web.forms.uploads import KINDS, NOTHING, KeepForm, UploadForm
from iop_schedule.web.presenting import count, day_label
from iop_schedule.web.security import actor, requires, settings, takes, viewed

uploads = Blueprint("uploads", __name__)

#: A file of 1 MB and what comes with it; up to this size people are told in words that it is too large.
MOST_BYTES = 4 * 1024 * 1024

_PURPOSE = "understood-times"
#: How long a page that shows what was understood can be sent back.
_GOOD_FOR = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood; it travels in the page, signed, and is kept nowhere else."""

    client_id: int
    kind: ConstraintKind
    source: UploadSource
    window: UploadWindow
    lines: list[Line]
    #: Sentences about what was left out or guessed.
    remarks: list[str]

    def signed(self, user_id: int) -> str:
        """Return the reading as text that only comes back from whom it was shown to."""
        content = {
            "client": self.client_id, "user": user_id, "kind": self.kind, "source": self.source,
            "zone": self.window.zone, "first": str(self.window.first_day), "last": str(self.window.last_day),
            "lines": packed(self.lines), "remarks": self.remarks,
        }  # fmt: skip
        return tokens.sign_link(settings().secret_key, _PURPOSE, content, until=g.now + _GOOD_FOR)

    @classmethod
    def returned(cls, text: str, *, client_id: int, user_id: int) -> "Reading | None":
        """Return the reading that was signed; None when it is too old, or was another's."""
        content: dict[str, Any] = tokens.read_link(settings().secret_key, _PURPOSE, text, now=g.now) or {}
        if (content.get("client"), content.get("user")) != (client_id, user_id):
            return None
        first, last = date.fromisoformat(content["first"]), date.fromisoformat(content["last"])
        return cls(
            client_id,
            ConstraintKind(content["kind"]),
            UploadSource(content["source"]),
            UploadWindow(content["zone"], first, last),
            unpacked(content["lines"]),
            content["remarks"],
        )


@uploads.route("/my/times/upload", methods=["GET", "POST"])
@requires(Permission.OWN_TIMES)
@takes(MOST_BYTES)
def my_upload() -> ResponseReturnValue:
    """Choose a calendar of one's own and see what was understood of it."""
    return _upload(own_page())


@uploads.route("/clients/<int:client_id>/times/upload", methods=["GET", "POST"])
@requires(Permission.CONSTRAINTS_EDIT)
@takes(MOST_BYTES)
def their_upload(client_id: int) -> ResponseReturnValue:
    """Choose a client's calendar and see what was understood of it."""
    return _upload(their_page(client_id))


@uploads.post("/my/times/upload/keep")
@requires(Permission.OWN_TIMES)
@takes(MOST_BYTES)
def my_keep() -> ResponseReturnValue:
    """Keep what was understood of one's own calendar."""
    return _keep(own_page())


@uploads.post("/clients/<int:client_id>/times/upload/keep")
@requires(Permission.CONSTRAINTS_EDIT)
@takes(MOST_BYTES)
def their_keep(client_id: int) -> ResponseReturnValue:
    """Keep what was understood of a client's calendar."""
    return _keep(their_page(client_id))


@uploads.post("/my/times/uploads/<int:upload_id>/remove")
@requires(Permission.OWN_TIMES)
def my_remove(upload_id: int) -> ResponseReturnValue:
    """Remove the times that came from one of one's own calendars."""
    return _remove(own_page(), upload_id)


@uploads.post("/clients/<int:client_id>/times/uploads/<int:upload_id>/remove")
@requires(Permission.CONSTRAINTS_EDIT)
def their_remove(client_id: int, upload_id: int) -> ResponseReturnValue:
    """Remove the times that came from one of a client's calendars."""
    return _remove(their_page(client_id), upload_id)


def _url(page: Page, what: str, **values: Any) -> str:
    if page.own:
        return url_for(f"uploads.my_{what}", **values)
    return url_for(f"uploads.their_{what}", client_id=page.client_id, **values)


def _upload(page: Page) -> ResponseReturnValue:
    form = UploadForm()
    if request.method != "POST":
        return _choose(page, form)
    if not form.validate():
        return _choose(page, form), 422
    window = upload_window(actor(), page.client_id, all_day_is_busy=bool(form.all_day.data), now=g.now)
    transactions.abandon()  # reading may take seconds: the database is not kept waiting
    reading = _read(page, form, window)
    if reading is None:
        return _choose(page, form), 422
    keep = KeepForm(formdata=None)
    earlier = _offer(page, keep, reading)
    keep.lines.data = list(range(len(reading.lines)))
    keep.replaces.data = next((str(one.id) for one in earlier if one.kind is reading.kind), NOTHING)
    return _understood(page, keep, reading)


def _read(page: Page, form: UploadForm, window: UploadWindow) -> Reading | None:
    """Return what was understood; None with the reason in the form when nothing could be read."""
    kind = ConstraintKind(form.kind.data)
    if not form.file.data:
        shifts = read_shifts(form.shifts.data or "", window)
        remarks = [*shifts.bad_lines]
        if shifts.bad > len(shifts.bad_lines):
            remarks.append(f"and {shifts.bad - len(shifts.bad_lines)} more lines that could not be read.")
        if shifts.outside:
            remarks.append(
                f"{count(shifts.outside, 'shift', 'shifts')} left out: in the past or over half a year ahead."
            )
        if not shifts.summary.single_dates and not shifts.summary.patterns:
            form.shifts.errors = remarks or ["No shift could be read. Write one line for each."]
            return None
        lines = lines_of(shifts.summary, kind, window)
        return Reading(page.client_id, kind, UploadSource.SHIFTS, window, lines, remarks)
    # One byte more than is read tells that there is more; the rest stays where it is.
    summary = read_upload(form.file.data.stream.read(UploadLimits().file_bytes + 1), window)
    if not summary.is_usable:
        form.file.errors = [problem.sentence for problem in summary.problems if problem.is_fatal]
        return None
    said = [problem.sentence for problem in summary.problems] + [one.sentence for one in summary.skipped]
    lines = lines_of(summary, kind, window)
    return Reading(page.client_id, kind, UploadSource.CALENDAR, window, lines, said)


def _choose(page: Page, form: UploadForm) -> str:
    viewed(AuditKind.TIMES_VIEWED, client_id=page.client_id)
    standing = standing_uploads(actor(), page.client_id, now=g.now)
    return render_template(
        "availability/upload.html",
        page=page,
        base=_base(page),
        form=form,
        action=_url(page, "upload"),
        standing=[(one, _about(one), _url(page, "remove", upload_id=one.id)) for one in standing],
        back=page.url("times"),
    )


def _offer(page: Page, form: KeepForm, reading: Reading) -> list[UploadLine]:
    """Fill in what the form offers; return the earlier uploads."""
    earlier = standing_uploads(actor(), page.client_id, now=g.now)
    form.offer(reading.lines, [(one.id, f"Replace: {_about(one)}") for one in earlier])
    return earlier


def _understood(page: Page, form: KeepForm, reading: Reading) -> str:
    viewed(AuditKind.TIMES_VIEWED, client_id=page.client_id)
    kept = [one for line in form.chosen(reading.lines) for one in line.commitments]
    return render_template(
        "availability/understood.html",
        page=page,
        base=_base(page),
        form=form,
        kind=KINDS[reading.kind],
        remarks=reading.remarks,
        until=day_label(reading.window.last_day),
        has_earlier=form.has_earlier,
        changes=upload_difference(actor(), page.client_id, form.replaces_id, kept, reading.window, now=g.now),
        reading=reading.signed(actor().user_id),
        action=_url(page, "keep"),
        back=_url(page, "upload"),
    )


def _keep(page: Page) -> ResponseReturnValue:
    sent = request.form.get("reading", "")
    reading = Reading.returned(sent, client_id=page.client_id, user_id=actor().user_id)
    if reading is None:
        flash("This page was open for too long. Choose the file again.", "warning")
        return redirect(_url(page, "upload"))
    form = KeepForm()
    _offer(page, form, reading)
    if not form.validate():
        return _understood(page, _without_strangers(form, reading), reading), 422
    if "again" in request.form:
        return _understood(page, form, reading)
    kept = tuple(one for line in form.chosen(reading.lines) for one in line.commitments)
    if not kept:
        form.lines.errors = ["Keep at least one line, or go back."]
        return _understood(page, form, reading), 422
    understood = Understood(reading.kind, reading.source, kept, reading.window.last_day)
    try:
        stored = actions.take_over(
            actor=actor(),
            client_id=page.client_id,
            understood=understood,
            replaces_id=form.replaces_id,
            now=g.now,
        )
    except NotPossible as refused:
        transactions.abandon()
        form.lines.errors = [refused.message]
        return _understood(page, form, reading), 422
    return saved_page(page, stored)


def _without_strangers(form: KeepForm, reading: Reading) -> KeepForm:
    """Return the form without choices that were not offered."""
    form.lines.data = [number for number in form.lines.data or [] if number < len(reading.lines)]
    form.replaces.data = NOTHING
    return form


def _remove(page: Page, upload_id: int) -> ResponseReturnValue:
    actions.remove_upload(actor=actor(), client_id=page.client_id, upload_id=upload_id, now=g.now)
    flash("Removed. Earlier weeks stay as they were.", "success")
    return redirect(page.url("times"))


def _about(one: UploadLine) -> str:
    what = "file" if one.source is UploadSource.CALENDAR else "pasted shifts"
    entries = count(one.entries, "time", "times")
    return f"{KINDS.get(one.kind, 'Something else')}, {what} of {day_label(one.made)}, {entries}"


def _base(page: Page) -> str:
    return "base_client.html" if page.own else "base_staff.html"
