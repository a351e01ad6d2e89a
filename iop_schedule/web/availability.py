"""Times a client cannot come: their own page, and the same page for their staff."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import transactions
from iop_schedule.actions.availability import (
    Saved,
    add_commitments,
    change_commitment,
    except_day,
    replace_commitments,
)
from iop_schedule.domain.availability import Commitment, in_words
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound
from iop_schedule.queries.availability import OpenClash, times_for
from iop_schedule.queries.placement import groups_that_fit
from iop_schedule.queries.wishes import wished_by
from iop_schedule.vocabulary import AuditKind, ConstraintKind, Role, WeekParity
from iop_schedule.web.forms.availability import DAY_WORDS, ONCE, CommitmentForm, ExceptionForm
from iop_schedule.web.paint_grid import (
    FIRST_ROW,
    LAST_ROW,
    ROW,
    changes,
    grid_cells,
    is_paintable,
    read_cells,
    tone_of,
)
from iop_schedule.web.presenting import clock_time, day_label
from iop_schedule.web.security import actor, requires, viewed
from iop_schedule.web.wish_words import wish_lines

availability = Blueprint("availability", __name__)


@dataclass(frozen=True, slots=True)
class Page:
    """Whose times are shown, to whom, and under which addresses."""

    client_id: int
    name: str
    own: bool

    def url(self, what: str, **values: Any) -> str:
        """Return the address of one of the pages about these times."""
        if self.own:
            return url_for(f"availability.my_{what}", **values)
        return url_for(f"availability.their_{what}", client_id=self.client_id, **values)

    @property
    def upload_url(self) -> str:
        """Return the address at which times are added from a calendar."""
        if self.own:
            return url_for("uploads.my_upload")
        return url_for("uploads.their_upload", client_id=self.client_id)

    @property
    def wishes_url(self) -> str:
        """Return the address at which it is said what suits best."""
        if self.own:
            return url_for("wishes.mine")
        return url_for("wishes.theirs", client_id=self.client_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One commitment in the list by day."""

    kind: str
    label: str
    sub: str
    edit_url: str
    remove_url: str
    remove_words: str


@dataclass(frozen=True, slots=True)
class ListedDay:
    """One day of the list."""

    name: str
    add_url: str
    entries: tuple[Entry, ...]


@availability.get("/my/times")
@requires(Permission.OWN_TIMES)
def my_times() -> ResponseReturnValue:
    """Show one's own times."""
    return _show(own_page())


@availability.get("/clients/<int:client_id>/times")
@requires(Permission.CONSTRAINTS_EDIT)
def their_times(client_id: int) -> ResponseReturnValue:
    """Show a client's times to their staff."""
    return _show(their_page(client_id))


@availability.route("/my/times/add", methods=["GET", "POST"])
@requires(Permission.OWN_TIMES)
def my_add() -> ResponseReturnValue:
    """Add a time of one's own."""
    return _add(own_page())


@availability.route("/clients/<int:client_id>/times/add", methods=["GET", "POST"])
@requires(Permission.CONSTRAINTS_EDIT)
def their_add(client_id: int) -> ResponseReturnValue:
    """Add a time for a client."""
    return _add(their_page(client_id))


@availability.route("/my/times/<int:commitment_id>", methods=["GET", "POST"])
@requires(Permission.OWN_TIMES)
def my_change(commitment_id: int) -> ResponseReturnValue:
    """Change a time of one's own."""
    return _change(own_page(), commitment_id)


@availability.route("/clients/<int:client_id>/times/<int:commitment_id>", methods=["GET", "POST"])
@requires(Permission.CONSTRAINTS_EDIT)
def their_change(client_id: int, commitment_id: int) -> ResponseReturnValue:
    """Change a time of a client."""
    return _change(their_page(client_id), commitment_id)


@availability.post("/my/times/<int:commitment_id>/remove")
@requires(Permission.OWN_TIMES)
def my_remove(commitment_id: int) -> ResponseReturnValue:
    """Remove a time of one's own."""
    return _remove(own_page(), commitment_id)


@availability.post("/clients/<int:client_id>/times/<int:commitment_id>/remove")
@requires(Permission.CONSTRAINTS_EDIT)
def their_remove(client_id: int, commitment_id: int) -> ResponseReturnValue:
    """Remove a time of a client."""
    return _remove(their_page(client_id), commitment_id)


@availability.post("/my/times/<int:commitment_id>/dates")
@requires(Permission.OWN_TIMES)
def my_dates(commitment_id: int) -> ResponseReturnValue:
    """Say that a weekly time of one's own does not hold on a date, or does again."""
    return _dates(own_page(), commitment_id)


@availability.post("/clients/<int:client_id>/times/<int:commitment_id>/dates")
@requires(Permission.CONSTRAINTS_EDIT)
def their_dates(client_id: int, commitment_id: int) -> ResponseReturnValue:
    """Say that a client's weekly time does not hold on a date, or does again."""
    return _dates(their_page(client_id), commitment_id)


@availability.post("/my/times/paint")
@requires(Permission.OWN_TIMES)
def my_paint() -> ResponseReturnValue:
    """Save one's painted week."""
    return _paint(own_page())


@availability.post("/clients/<int:client_id>/times/paint")
@requires(Permission.CONSTRAINTS_EDIT)
def their_paint(client_id: int) -> ResponseReturnValue:
    """Save a client's painted week."""
    return _paint(their_page(client_id))


def own_page() -> Page:
    """Return the page about the signed-in client's own times."""
    here = actor()
    return Page(here.client_id or 0, here.name, own=True)


def their_page(client_id: int) -> Page:
    """Return the page about a client's times for their staff; raises as `times_for`."""
    return Page(client_id, times_for(actor(), client_id, now=g.now).name, own=False)


def _today() -> date:
    return actor().today(g.now)


def _show(page: Page) -> str:
    times = times_for(actor(), page.client_id, now=g.now)
    viewed(AuditKind.TIMES_VIEWED, client_id=page.client_id)
    fitting, groups = groups_that_fit(actor(), page.client_id, now=g.now)
    cells, fixed = grid_cells(times.commitments)
    return render_template(
        "availability/times.html",
        page=page,
        base="base_client.html" if page.own else "base_staff.html",
        days=_days(page, times.commitments),
        wishes=wish_lines(wished_by(page.client_id)),
        clashes=[_clash_words(clash) for clash in times.clashes],
        fitting=fitting,
        groups=groups,
        rows=range(FIRST_ROW, LAST_ROW, ROW),
        cells=cells,
        fixed=fixed,
        shown=" ".join(str(one.id) for one in times.commitments if is_paintable(one)),
    )


def _days(page: Page, commitments: list[Commitment]) -> list[ListedDay]:
    listed = [
        ListedDay(
            name=words,
            add_url=page.url("add", day=int(day)),
            entries=tuple(_entry(page, one) for one in commitments if one.weekday is day),
        )
        for day, words in DAY_WORDS.items()
    ]
    weekend = [day for day in listed[5:] if day.entries]
    dated = tuple(_entry(page, one) for one in commitments if not one.is_weekly)
    days = listed[:5] + weekend
    if dated:
        days.append(ListedDay("Single dates", page.url("add", repeats=ONCE), dated))
    return days


def _entry(page: Page, commitment: Commitment) -> Entry:
    what = in_words(commitment)
    times = f"{clock_time(commitment.local_start)} to {clock_time(commitment.local_end)}"
    label = commitment.label or what.partition(",")[0]
    notes = []
    if commitment.day:
        notes.append(day_label(commitment.day))
    if commitment.ends_next_day:
        notes.append("ends the next morning")
    if commitment.week is not WeekParity.EVERY:
        notes.append("every other week")
    if not commitment.hard:
        notes.append("can move")
    if not commitment.negotiable:
        notes.append("not to be changed")
    if commitment.travel_before or commitment.travel_after:
        notes.append(f"{max(commitment.travel_before, commitment.travel_after)} min travel")
    if commitment.until_day and commitment.is_weekly:
        notes.append(f"until {day_label(commitment.until_day)}")
    notes += [f"not on {day_label(day)}" for day in sorted(commitment.exceptions)]
    return Entry(
        kind=tone_of(commitment),
        label=f"{label[:1].upper()}{label[1:]}, {times}",
        sub=", ".join(notes),
        edit_url=page.url("change", commitment_id=commitment.id),
        remove_url=page.url("remove", commitment_id=commitment.id),
        remove_words=what,
    )


def _clash_words(clash: OpenClash) -> str:
    times = "once" if clash.times == 1 else f"{clash.times} times"
    when = f"{day_label(clash.first_day)}, {clock_time(clash.start)}"
    return f"{clash.session_name} ({when}) overlaps “{clash.commitment}” {times} in the next weeks."


def _add(page: Page) -> ResponseReturnValue:
    form = CommitmentForm()
    if request.method == "POST":
        given = form.commitments(_today()) if form.validate() else []
        saved = _save(form, lambda: _add_all(page, given)) if given else None
        return saved_page(page, saved) if saved else (_form(page, form, "Add a time"), 422)
    if request.args.get("day", "") in {str(number) for number in range(7)}:
        form.days.data = [request.args["day"]]
    if request.args.get("kind", "") in set(ConstraintKind):
        form.kind.data = request.args["kind"]
    if request.args.get("repeats") == ONCE:
        form.repeats.data = ONCE
    return _form(page, form, "Add a time")


def _add_all(page: Page, given: list[Commitment]) -> Saved:
    return add_commitments(actor=actor(), client_id=page.client_id, commitments=given, now=g.now)


def _change(page: Page, commitment_id: int) -> ResponseReturnValue:
    commitment = _one(page, commitment_id)
    form = CommitmentForm()
    if request.method == "GET":
        form.show(commitment)
        return _form(page, form, "Change this time", commitment)
    given = form.commitments(max(_today(), commitment.from_day)) if form.validate() else []
    if len(given) > 1:
        form.days.errors = ["Choose one day. Add the other days as times of their own."]
    elif given:
        saved = _save(form, lambda: _change_one(commitment, given[0]))
        if saved:
            return saved_page(page, saved)
    return _form(page, form, "Change this time", commitment), 422


def _change_one(commitment: Commitment, given: Commitment) -> Saved:
    """Save the change; dates on which it does not happen stay, as long as it is the same day."""
    if given.weekday is commitment.weekday:
        given = replace(given, exceptions=commitment.exceptions)
    return change_commitment(actor=actor(), commitment_id=commitment.id or 0, commitment=given, now=g.now)


def _save(form: CommitmentForm, save: Callable[[], Saved]) -> Saved | None:
    """Return what was saved, or None with the reason in the form: what was typed stays."""
    try:
        return save()
    except NotFound:
        raise
    except DomainError as refused:
        transactions.abandon()
        field = {"until_day": form.until}.get(refused.field or "", form.start)
        field.errors = [refused.message]
        return None


def _one(page: Page, commitment_id: int) -> Commitment:
    for commitment in times_for(actor(), page.client_id, now=g.now).commitments:
        if commitment.id == commitment_id:
            return commitment
    raise NotFound


def _form(page: Page, form: CommitmentForm, title: str, commitment: Commitment | None = None) -> str:
    viewed(AuditKind.TIMES_VIEWED, client_id=page.client_id)
    return render_template(
        "availability/form.html",
        page=page,
        base="base_client.html" if page.own else "base_staff.html",
        form=form,
        title=title,
        commitment=commitment,
        exceptions=sorted(commitment.exceptions) if commitment else [],
        exception_form=ExceptionForm(formdata=None),
        back=page.url("times"),
    )


def _remove(page: Page, commitment_id: int) -> ResponseReturnValue:
    _one(page, commitment_id)
    replace_commitments(
        actor=actor(), client_id=page.client_id, remove_ids=[commitment_id], commitments=(), now=g.now
    )
    flash("Removed. Earlier weeks stay as they were.", "success")
    return redirect(page.url("times"))


def _dates(page: Page, commitment_id: int) -> ResponseReturnValue:
    commitment = _one(page, commitment_id)
    form = ExceptionForm()
    day = form.day.data if form.validate() else None
    if day is None:
        filled = CommitmentForm(formdata=None)
        filled.show(commitment)
        filled.on.errors = [str(error) for error in form.day.errors]
        return _form(page, filled, "Change this time", commitment), 422
    holds = request.form.get("holds") == "yes"
    try:
        except_day(actor=actor(), commitment_id=commitment_id, day=day, holds=holds, now=g.now)
    except NotFound:
        raise
    except DomainError as refused:
        flash(refused.message, "problem")
        return redirect(page.url("change", commitment_id=commitment_id))
    flash(f"Saved for {day_label(day)}.", "success")
    return redirect(page.url("change", commitment_id=commitment_id))


def _paint(page: Page) -> ResponseReturnValue:
    standing = times_for(actor(), page.client_id, now=g.now).commitments
    if not request.form.get("painted_any"):
        return redirect(page.url("times"))
    # What was added after the page was loaded was not on the grid, so its absence says nothing.
    shown_ids = set(request.form.get("shown", "").split())
    shown = [one for one in standing if str(one.id) in shown_ids or not is_paintable(one)]
    try:
        wanted = changes(shown, read_cells(request.form.getlist("painted")), today=_today())
    except ValueError:
        abort(400)
    saved = replace_commitments(
        actor=actor(),
        client_id=page.client_id,
        remove_ids=wanted.remove_ids,
        commitments=wanted.add,
        now=g.now,
    )
    return saved_page(page, saved)


def saved_page(page: Page, saved: Saved) -> ResponseReturnValue:
    """Go back to the times and say what was saved, and what it clashes with."""
    if saved.clashes:
        first = saved.clashes[0]
        when = day_label(first.first_day) if first.times == 1 else f"{first.first_day:%A}s"
        who = "We will find you another time" if actor().role is Role.CLIENT else "Find another time"
        flash(f"Saved. This overlaps {first.session_name} on {when}. {who}.", "warning")
    else:
        flash("Saved.", "success")
    return redirect(page.url("times"))
