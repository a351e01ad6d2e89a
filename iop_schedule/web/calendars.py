"""Calendar links: the client's page about them, and the page of staff.

Pages that show a link forbid referrers and are never kept; the feed behind it is in `feeds`.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from flask import (
    Blueprint,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from iop_schedule.actions import calendars as actions
from iop_schedule.actions import transactions
from iop_schedule.actions.calendars import NewLink
from iop_schedule.actions.invitations import switch_invitations
from iop_schedule.adapters.ical import uid_key
from iop_schedule.adapters.qr import qr_code
from iop_schedule.domain.calendar_feeds import Wording
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import DomainError, NotPossible
from iop_schedule.queries.calendar_bodies import my_calendar
from iop_schedule.queries.calendars import (
    FeedLine,
    MyCalendars,
    my_calendars,
    my_feed,
    staff_calendars,
)
from iop_schedule.queries.invitations import my_invitations
from iop_schedule.vocabulary import AuditKind, FeedEnd, FeedReader
from iop_schedule.web.feeds import CALENDAR_TYPE
from iop_schedule.web.forms.calendars import APPLE, DEVICES, GOOGLE, OTHER, OUTLOOK, AddFeedForm, FeedForm
from iop_schedule.web.presenting import clock_time, day_label
from iop_schedule.web.security import actor, requires, settings, viewed

calendars = Blueprint("calendars", __name__)

#: What the page calls the program that read a calendar.
READERS = {
    FeedReader.IPHONE: "Your iPhone",
    FeedReader.MAC: "Your Mac",
    FeedReader.GOOGLE: "Google",
    FeedReader.OUTLOOK: "Outlook",
    FeedReader.THUNDERBIRD: "Thunderbird",
    FeedReader.OTHER: "Your calendar",
}
ENDED = {
    FeedEnd.REPLACED: "Turned off",
    FeedEnd.TURNED_OFF: "Turned off",
    FeedEnd.CARE_ENDED: "Ended with your time in the program",
    FeedEnd.ACCOUNT_OFF: "Ended because the account was turned off",
    FeedEnd.IDLE: "Ended because no calendar had read it for 90 days",
}


@calendars.get("/my/calendar/schedule.ics")
@requires(Permission.OWN_WEEK)
def download() -> ResponseReturnValue:
    """Hand out the client's sessions once, as a file with neutral wording."""
    here = actor()
    body = my_calendar(here, key=uid_key(settings().secret_key), now=g.now)
    viewed(AuditKind.WEEK_DOWNLOADED, client_id=here.client_id)
    headers = {"Content-Type": CALENDAR_TYPE, "Content-Disposition": 'attachment; filename="schedule.ics"'}
    return body, 200, headers


@calendars.get("/my/calendar")
@requires(Permission.OWN_WEEK)
def page() -> ResponseReturnValue:
    """Show the client's calendar links and how to add one."""
    return _page(AddFeedForm())


@calendars.post("/my/calendar/links")
@requires(Permission.OWN_WEEK)
def add() -> ResponseReturnValue:
    """Turn a calendar link on; it is shown this once."""
    form = AddFeedForm()
    if not form.validate():
        return _page(form, status=422)
    try:
        made = actions.turn_on(actor=actor(), choices=form.value(), key=settings().secret_key, now=g.now)
    except NotPossible as error:
        _put(error, form)
        return _page(form, status=error.status)
    return _link_page(made, device=form.device.data)


@calendars.route("/my/calendar/links/<int:feed_id>", methods=["GET", "POST"])
@requires(Permission.OWN_WEEK)
def choose(feed_id: int) -> ResponseReturnValue:
    """Show what one calendar says, with a preview, and change it."""
    line, around = my_feed(actor(), feed_id, now=g.now)
    form = FeedForm() if request.method == "POST" else FeedForm.showing(line)
    if request.method != "POST":
        return _feed_page(form, line, around)
    if not form.validate():
        return _feed_page(form, line, around, status=422)
    choices = form.value()
    try:
        if "preview" in request.form:
            actions.check_choices(choices)
            return _feed_page(form, line, around, says=choices.wording)
        actions.change(actor=actor(), feed_id=feed_id, choices=choices, now=g.now)
    except NotPossible as error:
        _put(error, form)
        line, around = my_feed(actor(), feed_id, now=g.now)
        return _feed_page(form, line, around, status=error.status)
    flash("Saved. Your calendar shows it the next time it checks.", "success")
    return redirect(url_for("calendars.page"))


@calendars.post("/my/calendar/links/<int:feed_id>/new")
@requires(Permission.OWN_WEEK)
def renew(feed_id: int) -> ResponseReturnValue:
    """Make a new link to one calendar; the old one stops."""
    try:
        made = actions.renew(actor=actor(), feed_id=feed_id, key=settings().secret_key, now=g.now)
    except NotPossible as error:
        transactions.abandon()
        flash(error.message, "error")
        return redirect(url_for("calendars.page"))
    return _link_page(made, device=None)


@calendars.post("/my/calendar/links/<int:feed_id>/off")
@requires(Permission.OWN_WEEK)
def turn_off(feed_id: int) -> ResponseReturnValue:
    """Turn one calendar off."""
    actions.turn_off(actor=actor(), feed_id=feed_id, now=g.now)
    flash("Turned off. The entries leave your calendar the next time it checks.", "success")
    return redirect(url_for("calendars.page"))


@calendars.post("/my/calendar/invitations")
@requires(Permission.OWN_WEEK)
def invite() -> ResponseReturnValue:
    """Switch e-mails to one's own calendar on or off."""
    on = request.form.get("on") == "yes"
    try:
        switch_invitations(actor=actor(), on=on, now=g.now)
    except NotPossible as error:
        transactions.abandon()
        flash(error.message, "error")
        return redirect(url_for("calendars.page"))
    flash(
        "Turned on. The sessions of the next two weeks come by e-mail within a few minutes."
        if on
        else "Turned off. Sessions you were sent are taken back by e-mail.",
        "success",
    )
    return redirect(url_for("calendars.page"))


@calendars.get("/calendars")
@requires(Permission.PROGRAM_READ)
def staff() -> ResponseReturnValue:
    """Show a staff member's own calendar link and, to administrators, those of the rooms."""
    here = actor()
    shown = staff_calendars(here, may_edit=holds(here.role, Permission.PROGRAM_EDIT), now=g.now)
    lines = {room.room_id: _said(room.feed, shown.today) for site in shown.sites for room in site.rooms}
    return render_template(
        "calendars/staff.html", shown=shown, mine=_said(shown.mine, shown.today), lines=lines
    )


@calendars.post("/calendars/mine")
@requires(Permission.PROGRAM_READ)
def add_own() -> ResponseReturnValue:
    """Make the link to one's own sessions, or a new one."""
    return _staff_link(lambda: actions.turn_on_own(actor=actor(), key=settings().secret_key, now=g.now))


@calendars.post("/calendars/mine/off")
@requires(Permission.PROGRAM_READ)
def turn_off_own() -> ResponseReturnValue:
    """Turn the link to one's own sessions off."""
    actions.turn_off_own(actor=actor(), now=g.now)
    return _staff_done("Turned off. The entries leave your calendar the next time it checks.")


@calendars.post("/calendars/rooms/<int:room_id>")
@requires(Permission.PROGRAM_EDIT)
def add_room(room_id: int) -> ResponseReturnValue:
    """Make the link to a room's sessions, or a new one."""
    return _staff_link(
        lambda: actions.turn_on_room(actor=actor(), room_id=room_id, key=settings().secret_key, now=g.now)
    )


@calendars.post("/calendars/rooms/<int:room_id>/off")
@requires(Permission.PROGRAM_EDIT)
def turn_off_room(room_id: int) -> ResponseReturnValue:
    """Turn the link to a room's sessions off."""
    actions.turn_off_room(actor=actor(), room_id=room_id, now=g.now)
    return _staff_done("Turned off. The entries leave that calendar the next time it checks.")


@calendars.post("/calendars/sites/<int:site_id>")
@requires(Permission.PROGRAM_EDIT)
def switch(site_id: int) -> ResponseReturnValue:
    """Switch the calendar links of a site on or off."""
    serves = request.form.get("serves") == "yes"
    actions.switch_site(actor=actor(), site_id=site_id, serves=serves, now=g.now)
    words = "Calendar links work again." if serves else "Calendar links are off. Calendars will be emptied."
    return _staff_done(words)


def _page(form: AddFeedForm, *, status: int = 200) -> ResponseReturnValue:
    shown = my_calendars(actor(), now=g.now)
    lines = [(line, _said(line, shown.today)) for line in shown.feeds]
    invitations = my_invitations(actor(), now=g.now)
    page_ = render_template(
        "calendars/calendar.html", form=form, shown=shown, lines=lines, invitations=invitations
    )
    return page_, status


def _feed_page(
    form: FeedForm,
    line: FeedLine,
    around: MyCalendars,
    *,
    says: Wording | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    viewed(AuditKind.WEEK_VIEWED, client_id=actor().client_id)
    page_ = render_template(
        "calendars/feed.html",
        form=form,
        line=line,
        said=_said(line, around.today),
        coming=around.coming,
        says=says or line.wording,
    )
    return page_, status


def _link_page(made: NewLink, *, device: str | None) -> ResponseReturnValue:
    """Show a link that has just been made, with the steps for each calendar; the chosen one first."""
    address = settings().public_url + url_for("feeds.serve", token=made.token)
    webcal = "webcal:" + address.partition(":")[2]
    order = sorted((APPLE, GOOGLE, OUTLOOK, OTHER), key=lambda name: name != device)
    response = make_response(
        render_template(
            "calendars/link.html",
            link=address,
            webcal=webcal,
            # The camera of an iPhone subscribes to webcal and only saves a file from https.
            code=qr_code(webcal if device == APPLE else address, label="QR code of the link"),
            feed_id=made.feed_id,
            devices=[(name, DEVICES[name]) for name in order],
            device=device,
            back=url_for("calendars.staff" if actor().client_id is None else "calendars.page"),
        )
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _staff_link(make: Callable[[], NewLink]) -> ResponseReturnValue:
    try:
        made = make()
    except NotPossible as error:
        transactions.abandon()
        flash(error.message, "error")
        return redirect(url_for("calendars.staff"))
    return _link_page(made, device=None)


def _staff_done(words: str) -> ResponseReturnValue:
    flash(words, "success")
    return redirect(url_for("calendars.staff"))


def _said(line: FeedLine | None, today: date) -> str:
    """Return what is known about the reading of a calendar, in one sentence.

    A time of today as a time, yesterday by its word, an earlier one as its day.
    """
    if line is None:
        return ""
    if line.ended is not None:
        return f"{ENDED[line.ended]}."
    if line.last_read is None:
        return "No calendar has checked it yet."
    who = READERS[line.reader or FeedReader.OTHER]
    return f"{who} last checked {_when(line.last_read, today)}."


def _when(at: datetime, today: date) -> str:
    if at.date() == today:
        return f"at {clock_time(at)}"
    if at.date() == today - timedelta(days=1):
        return f"yesterday at {clock_time(at)}"
    return f"on {day_label(at)}"


def _put(error: DomainError, form: AddFeedForm | FeedForm) -> None:
    """Show an error's sentence at its field, or above the form."""
    transactions.abandon()
    field = getattr(form, error.field or "", None)
    (field.errors if field is not None else form.form_errors).append(error.message)
