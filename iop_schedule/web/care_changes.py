"""When a client's life changes: a pause and the way back, another group, the end of care.

Each form first shows what it would touch; the same form sent again with “confirm” does it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from iop_schedule.actions import prescription, transactions
from iop_schedule.actions.memberships import PlacesChange, change_places, place_client
from iop_schedule.domain.civil_time import weeks_in_words
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.queries.care_changes import CareNow, Touched, care_now, touched
from iop_schedule.vocabulary import AuditKind, WeekParity
from iop_schedule.web.forms.care import BackForm, EndForm, PauseForm, TransferForm
from iop_schedule.web.forms.fields import blame, fingerprint, is_confirmed, needed
from iop_schedule.web.pointing_out import point_out
from iop_schedule.web.security import actor, requires, viewed

care_changes = Blueprint("care_changes", __name__, url_prefix="/clients/<int:client_id>/changes")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a form would do, to be confirmed."""

    of: str
    words: tuple[str, ...]
    touched: Touched | None = None
    confirm: str = "Save"
    previewed: str = ""


@dataclass(slots=True)
class _Forms:
    """The forms of the page, those sent and those that wait."""

    pause: PauseForm = field(default_factory=lambda: PauseForm(formdata=None, prefix="pause"))
    back: BackForm = field(default_factory=lambda: BackForm(formdata=None, prefix="back"))
    transfer: TransferForm = field(default_factory=lambda: TransferForm(formdata=None, prefix="transfer"))
    end: EndForm = field(default_factory=lambda: EndForm(formdata=None, prefix="end"))


@care_changes.get("")
@requires(Permission.CLIENT_EDIT)
def page(client_id: int) -> ResponseReturnValue:
    """Show what can change in one client's care."""
    care = care_now(actor(), client_id, now=g.now)
    forms = _Forms()
    for form in (forms.pause.from_day, forms.back.from_day, forms.transfer.from_day):
        form.data = care.today
    return _page(care, forms)


@care_changes.post("/pause")
@requires(Permission.CLIENT_EDIT)
def pause(client_id: int) -> ResponseReturnValue:
    """Let some days not count."""
    care, form = care_now(actor(), client_id, now=g.now), PauseForm(prefix="pause")

    def see() -> Preview:
        wanted = form.value()
        found = touched(client_id, wanted.from_day, wanted.until_day, now=g.now)
        return Preview(
            "pause",
            (
                f"{care.called} keeps their places. Reminders stop, and nothing counts until they are back.",
                *_given_back(found),
            ),
            found,
            "Pause",
        )

    def do() -> object:
        return prescription.pause(
            actor=actor(), enrollment_id=_enrollment(care), pause=form.value(), now=g.now
        )

    return _step(care, _Forms(pause=form), form, see, do, done="Paused. The days do not count.")


@care_changes.post("/back")
@requires(Permission.CLIENT_EDIT)
def back(client_id: int) -> ResponseReturnValue:
    """Let days count again."""
    care, form = care_now(actor(), client_id, now=g.now), BackForm(prefix="back")
    forms = _Forms(back=form)
    if not form.validate():
        return _page(care, forms, status=422)
    try:
        prescription.resume(
            actor=actor(), enrollment_id=_enrollment(care), from_day=needed(form.from_day.data), now=g.now
        )
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        return _refused(care, forms, form, refused)
    flash("Saved. Their sessions count again from that day.", "success")
    return redirect(url_for("care_changes.page", client_id=client_id))


@care_changes.post("/transfer")
@requires(Permission.PLACEMENT_DECIDE)
def transfer(client_id: int) -> ResponseReturnValue:
    """Move a client from some weekly sessions to others."""
    care, form = care_now(actor(), client_id, now=g.now), TransferForm(prefix="transfer")
    form.offer(care)
    words = {place.series_id: place.words for place in care.places}
    words |= {one.series_id: one.words for one in care.meetings}
    week = _weeks_kept(care, form.leaving)
    weeks = dict.fromkeys(form.joining, week)

    def see() -> Preview:
        change = PlacesChange(client_id, form.joining, form.leaving, weeks)
        try:  # the same checks as the change itself, and then as if nothing had been done
            change_places(
                actor=actor(), site_id=care.site_id, changes=[change], from_day=form.first_day, now=g.now
            )
        finally:
            transactions.abandon()
        last = form.first_day - timedelta(days=1)
        lines = [f"Until {last:%A}, {last:%B} {last.day}: {words[one]}" for one in form.leaving]
        first = form.first_day
        attended = weeks_in_words(week, first)
        which = f", {attended}" if attended else ""
        lines += [f"From {first:%A}, {first:%B} {first.day}: {words[one]}{which}" for one in form.joining]
        return Preview("transfer", (*lines, "What was held stays where it was."), confirm="Move them")

    def do() -> None:
        place_client(
            actor=actor(), client_id=client_id, start=form.joining, end=form.leaving,
            weeks=weeks, from_day=form.first_day, now=g.now,
        )  # fmt: skip
        point_out(client_id, form.first_day)

    return _step(
        care, _Forms(transfer=form), form, see, do, done="Moved. The sessions are on their schedule."
    )


def _weeks_kept(care: CareNow, leaving: Collection[int]) -> WeekParity:
    """Return the weeks of the places that are left, when they are alike: a transfer keeps them."""
    weeks = {place.week for place in care.places if place.series_id in leaving}
    return weeks.pop() if len(weeks) == 1 else WeekParity.EVERY


@care_changes.post("/end")
@requires(Permission.CLIENT_EDIT)
def end(client_id: int) -> ResponseReturnValue:
    """End an episode of care."""
    care, form = care_now(actor(), client_id, now=g.now), EndForm(prefix="end")

    def see() -> Preview:
        after = needed(form.last_day.data) + timedelta(days=1)
        found = touched(client_id, after, None, now=g.now)
        ends = tuple(f"Their place ends: {place.words}" for place in care.places)
        return Preview(
            "end",
            (*ends, *_given_back(found), "Everything that was held stays. They can be enrolled again later."),
            found,
            "End their care",
        )

    def do() -> object:
        return prescription.discharge(
            actor=actor(), enrollment_id=_enrollment(care), last_day=needed(form.last_day.data), now=g.now
        )

    return _step(care, _Forms(end=form), form, see, do, done="Saved. Their places end with that day.")


def _given_back(found: Touched) -> tuple[str, ...]:
    if not found.make_ups:
        return ()
    return (f"{found.make_ups} booked make-up{'s are' if found.make_ups > 1 else ' is'} given back.",)


def _enrollment(care: CareNow) -> int:
    if care.enrollment_id is None:
        raise NotFound
    return care.enrollment_id


def _step(
    care: CareNow,
    forms: _Forms,
    form: FlaskForm,
    see: Callable[[], Preview],
    do: Callable[[], object],
    *,
    done: str,
) -> ResponseReturnValue:
    """Show what a form would touch; when that is confirmed, do it."""
    if not form.validate():
        return _page(care, forms, status=422)
    try:
        if is_confirmed(form, request.form):
            do()
            flash(done, "success")
            return redirect(url_for("care_changes.page", client_id=care.client_id))
        preview = see()
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        return _refused(care, forms, form, refused)
    return _page(care, forms, preview=preview, previewed=fingerprint(form))


_NAMES: Mapping[str, str] = {"series": "join", "client": "join"}


def _refused(care: CareNow, forms: _Forms, form: FlaskForm, refused: DomainError) -> ResponseReturnValue:
    transactions.abandon()
    blame(form, refused, _NAMES)
    return _page(care, forms, status=422)


def _page(
    care: CareNow, forms: _Forms, *, preview: Preview | None = None, previewed: str = "", status: int = 200
) -> ResponseReturnValue:
    viewed(AuditKind.CLIENT_VIEWED, client_id=care.client_id, details={"part": "changes"})
    forms.transfer.offer(care)
    given: dict[str, Any] = {
        "pause": forms.pause,
        "back": forms.back,
        "transfer": forms.transfer,
        "end": forms.end,
    }
    words = render_template("care/changes.html", care=care, preview=preview, previewed=previewed, **given)
    return words, status
