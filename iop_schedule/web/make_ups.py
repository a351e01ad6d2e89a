"""A client's own session: can't make it and the make-up (one thing a page), running late, here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import notices, transactions
from iop_schedule.actions.make_ups import book
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.make_ups import SHOWN
from iop_schedule.domain.notices import LATE_CHOICES
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.queries.make_ups import OptionWords, SessionWords
from iop_schedule.queries.own_sessions import Choices, OwnSession, choices_for, own_session
from iop_schedule.vocabulary import AbsenceReason, AuditKind, NoticeKind
from iop_schedule.web.forms.numbers import whole_number
from iop_schedule.web.presenting import clock_time, day_label, in_hours, of_hours, time_range
from iop_schedule.web.refusals import said_on_top
from iop_schedule.web.security import actor, requires, viewed

make_ups = Blueprint("make_ups", __name__, url_prefix="/my/sessions/<int:occurrence_id>")

#: What has been answered so far, carried from page to page; of one session at a time.
_KEPT = "absence"
#: Said before a make-up so far away is booked.
STAYS_MISSED = "So far from the day you miss, it brings your hours, but that day stays a missed one"
CALL, SKIP = "call", "skip"


@dataclass(frozen=True, slots=True)
class Tap:
    """One answer, as the list of large buttons prints it."""

    value: str
    title: str
    notes: tuple[str, ...] = ()
    chip: str = ""
    icon: str = ""


WHY = (
    Tap(AbsenceReason.WORK, "Work", icon="briefcase"),
    Tap(AbsenceReason.CAREGIVING, "Child or family care", icon="users-round"),
    Tap(AbsenceReason.TRANSPORT, "No ride", icon="bus"),
    Tap(AbsenceReason.UNWELL, "Not feeling well", icon="thermometer"),
    Tap(AbsenceReason.OTHER, "Something else", icon="circle-ellipsis"),
    Tap(AbsenceReason.NOT_SAID, "I’d rather not say", icon="lock"),
)
WHY_WORDS = {tap.value: tap.title for tap in WHY}


@make_ups.get("")
@requires(Permission.OWN_SESSIONS)
def page(occurrence_id: int) -> ResponseReturnValue:
    """Show one session: when and where, what was told, and what can still be told."""
    own = _own(occurrence_id)
    return render_template(
        "make_ups/session.html",
        own=own,
        why=WHY_WORDS.get(own.told.absent or ""),
        first=_first_name(own),
        week=ProgramWeek.containing(own.session.starts.date()),
    )


# ── Can't make it ────────────────────────────────────────────────────────────────────────────────


@make_ups.route("/cant-come", methods=["GET", "POST"])
@requires(Permission.OWN_SESSIONS)
def cant_come(occurrence_id: int) -> ResponseReturnValue:
    """Ask why; any answer will do."""
    own = _own(occurrence_id)
    if not own.can_tell:
        return _no_more(own)
    chosen = request.form.get("why", "")
    if request.method == "POST" and chosen in WHY_WORDS:
        _keep(occurrence_id, why=chosen)
        if own.makes_up:
            return _send(occurrence_id)
        return redirect(url_for("make_ups.choose", occurrence_id=occurrence_id))
    if request.method == "POST":
        flash("Choose one of the answers. “I’d rather not say” is fine.", "warning")
    words = render_template("make_ups/why.html", own=own, why=WHY, first=_first_name(own))
    return words, 422 if request.method == "POST" else 200


@make_ups.route("/make-up", methods=["GET", "POST"])
@requires(Permission.OWN_SESSIONS)
def choose(occurrence_id: int) -> ResponseReturnValue:
    """Offer sessions that fit this week; one of them, a call, or none."""
    choices = _choices(occurrence_id)
    own = choices.own
    if not (own.can_tell or own.can_make_up):
        return _no_more(own)
    if own.can_tell and not own.is_away and "why" not in _kept(occurrence_id):
        return redirect(url_for("make_ups.cant_come", occurrence_id=occurrence_id))
    chosen = request.form.get("choice", "")
    if request.method == "POST" and chosen in {CALL, SKIP} and own.can_tell:
        return _send(occurrence_id, wants_call=chosen == CALL)
    if request.method == "POST" and chosen == SKIP:
        return redirect(url_for("week.my_week_page"))
    number = whole_number(chosen)
    if request.method == "POST" and number is not None and choices.option(number):
        _keep(occurrence_id, choice=chosen)
        return redirect(url_for("make_ups.check", occurrence_id=occurrence_id))
    if request.method == "POST":
        flash("That place was just taken. These are still open." if chosen else "Choose one.", "warning")
    return _choose_page(choices, 422 if request.method == "POST" else 200)


def _choose_page(choices: Choices, status: int) -> ResponseReturnValue:
    taps = [_option_tap(option) for option in choices.options[:SHOWN]]
    rest = [Tap(CALL, "None of these work, please call me" if taps else "Please call me", icon="phone")]
    if not choices.own.can_tell:
        rest = []
    rest.append(Tap(SKIP, "Skip this week" if choices.own.can_tell else "Not now", icon="minus"))
    words = render_template(
        "make_ups/choose.html", own=choices.own, taps=taps, rest=rest, is_told=choices.own.is_away
    )
    return words, status


def _option_tap(option: OptionWords) -> Tap:
    held = option.session
    with_whom = f"with {held.leader}"
    return Tap(
        value=str(held.occurrence_id),
        title=f"{held.starts:%a, %b} {held.starts.day}, {time_range(held.starts, held.ends)}",
        notes=(
            f"{held.title}, {held.room}, {with_whom}",
            *(_instead(words) for words in option.instead_of),
            *([] if option.cancels_the_miss else [STAYS_MISSED]),
        ),
        chip=_comes_to(option),
    )


def _instead(words: str) -> str:
    return f"At the same time: {words[:1].lower()}{words[1:]}"


def _comes_to(option: OptionWords) -> str:
    if option.reaches_goal and option.same_week:
        return f"Gets you to {in_hours(option.goal_minutes)}"
    if option.same_week and option.goal_minutes:
        return f"Gets you to {of_hours(option.week_minutes, option.goal_minutes)}"
    return f"Makes up {in_hours(option.restores_minutes)}"


@make_ups.route("/make-up/check", methods=["GET", "POST"])
@requires(Permission.OWN_SESSIONS)
def check(occurrence_id: int) -> ResponseReturnValue:
    """Show what will be sent; send it."""
    choices = _choices(occurrence_id)
    chosen = _kept(occurrence_id).get("choice", "")
    if not chosen:
        return redirect(url_for("make_ups.choose", occurrence_id=occurrence_id))
    option = choices.option(int(chosen))
    if request.method == "POST":
        return _send(occurrence_id, make_up_id=int(chosen))
    if option is None:
        return _taken(occurrence_id, "That place was just taken. These are still open.")
    return render_template("make_ups/check.html", own=choices.own, items=_summary(choices.own, option))


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One line of what will be sent, with where to change it."""

    name: str
    value: str
    change_url: str = ""


def _summary(own: OwnSession, option: OptionWords) -> list[SummaryLine]:
    here = own.session.occurrence_id
    why = WHY_WORDS.get(_kept(here).get("why", "") or own.told.absent or "")
    lines = [SummaryLine("You miss", _when(own.session))]
    if why:
        lines.append(SummaryLine("Why", why, url_for("make_ups.cant_come", occurrence_id=here)))
    lines.append(
        SummaryLine("Instead", _when(option.session), url_for("make_ups.choose", occurrence_id=here))
    )
    lines.append(SummaryLine("Your hours", _comes_to(option)))
    if not option.cancels_the_miss:
        lines.append(SummaryLine("Please note", STAYS_MISSED))
    return lines


def _when(held: SessionWords) -> str:
    return f"{held.title}, {day_label(held.starts)}, {time_range(held.starts, held.ends)}"


def _send(
    occurrence_id: int, *, make_up_id: int | None = None, wants_call: bool = False
) -> ResponseReturnValue:
    """Tell what was answered, and book what was chosen; then show what stands."""
    own = _own(occurrence_id)
    me = actor()
    why = AbsenceReason(_kept(occurrence_id).get("why", "") or own.told.absent or AbsenceReason.NOT_SAID)
    try:
        if own.can_tell:
            notices.tell_absence(
                actor=me, client_id=own.client_id, occurrence_id=occurrence_id, reason=why,
                make_up_id=make_up_id, wants_call=wants_call, now=g.now,
            )  # fmt: skip
        elif make_up_id is not None:
            book(
                actor=me, client_id=own.client_id, missed_id=occurrence_id, occurrence_id=make_up_id,
                now=g.now,
            )  # fmt: skip
    except (NotFound, NotAllowed):
        raise
    except DomainError as refused:
        transactions.abandon()
        return _taken(occurrence_id, refused.message)
    session.pop(_KEPT, None)
    flash(_done_words(own, booked=make_up_id is not None, wants_call=wants_call), "success")
    if own.makes_up:
        return redirect(url_for("make_ups.choose", occurrence_id=own.makes_up.occurrence_id))
    return redirect(url_for("make_ups.page", occurrence_id=occurrence_id))


def _done_words(own: OwnSession, *, booked: bool, wants_call: bool) -> str:
    if own.makes_up:
        return "Thanks for telling us. You can choose another time."
    if not own.can_tell:
        return "Your make-up is booked. It is in your week and your calendar."
    who = _first_name(own)
    told = (
        f"Thanks for telling us. {who} sees it now."
        if own.at_the_door
        else f"Thanks for telling us. {who} will see it."
    )
    if booked:
        return f"{told} Your make-up is booked."
    return f"{told} We will call you." if wants_call else told


def _taken(occurrence_id: int, words: str) -> ResponseReturnValue:
    kept = session.get(_KEPT) or {}
    session[_KEPT] = {name: value for name, value in kept.items() if name != "choice"}
    flash(words, "warning")
    return redirect(url_for("make_ups.choose", occurrence_id=occurrence_id))


def _no_more(own: OwnSession) -> ResponseReturnValue:
    """Lead to the page of the session, which says why nothing can be told any more."""
    return redirect(url_for("make_ups.page", occurrence_id=own.session.occurrence_id))


@make_ups.post("/undo")
@requires(Permission.OWN_SESSIONS)
def undo(occurrence_id: int) -> ResponseReturnValue:
    """Take back that one cannot come."""
    own = _own(occurrence_id)
    _do(
        lambda: notices.take_back_absence(
            actor=actor(), client_id=own.client_id, occurrence_id=occurrence_id, now=g.now
        ),
        "Good, we expect you.",
    )
    return redirect(url_for("make_ups.page", occurrence_id=occurrence_id))


# ── Running late, and here ───────────────────────────────────────────────────────────────────────


@make_ups.route("/late", methods=["GET", "POST"])
@requires(Permission.OWN_SESSIONS)
def late(occurrence_id: int) -> ResponseReturnValue:
    """Ask how late; tell the counselor."""
    own = _own(occurrence_id)
    if not own.can_be_late or own.is_away:
        return _no_more(own)
    minutes = request.form.get("minutes", "")
    if request.method == "POST" and minutes in {str(choice) for choice in LATE_CHOICES}:
        _do(
            lambda: notices.tell_delay(
                actor=actor(), client_id=own.client_id, occurrence_id=occurrence_id, minutes=int(minutes),
                now=g.now,
            ),
            f"Thanks for telling us. {_first_name(own)} knows you are on the way.",
        )  # fmt: skip
        return redirect(url_for("week.my_week_page"))
    if request.method == "POST":
        flash("Choose how late you will be.", "warning")
    taps = [_delay_tap(own, choice) for choice in LATE_CHOICES]
    words = render_template("make_ups/late.html", own=own, taps=taps, first=_first_name(own))
    return words, 422 if request.method == "POST" else 200


def _delay_tap(own: OwnSession, minutes: int) -> Tap:
    arrives = own.session.starts.timestamp() + 60 * minutes
    at = datetime.fromtimestamp(arrives, tz=own.session.starts.tzinfo)
    return Tap(str(minutes), f"About {minutes} minutes", notes=(f"There by {clock_time(at)}",), icon="clock")


@make_ups.post("/late/undo")
@requires(Permission.OWN_SESSIONS)
def undo_late(occurrence_id: int) -> ResponseReturnValue:
    """Take back that one is running late."""
    return _take_back(occurrence_id, NoticeKind.LATE, "Good, see you on time.")


@make_ups.post("/here")
@requires(Permission.OWN_SESSIONS)
def here(occurrence_id: int) -> ResponseReturnValue:
    """Say that one is here; the counselor confirms it."""
    own = _own(occurrence_id)
    _do(
        lambda: notices.check_in(
            actor=actor(), client_id=own.client_id, occurrence_id=occurrence_id, now=g.now
        ),
        f"You are checked in. {_first_name(own)} sees it.",
    )
    return redirect(url_for("week.my_week_page"))


@make_ups.post("/here/undo")
@requires(Permission.OWN_SESSIONS)
def undo_here(occurrence_id: int) -> ResponseReturnValue:
    """Take back a check-in made by mistake."""
    return _take_back(occurrence_id, NoticeKind.HERE, "Your check-in is taken back.")


def _take_back(occurrence_id: int, kind: NoticeKind, done: str) -> ResponseReturnValue:
    own = _own(occurrence_id)
    _do(
        lambda: notices.take_back(
            actor=actor(), client_id=own.client_id, occurrence_id=occurrence_id, kind=kind, now=g.now
        ),
        done,
    )
    return redirect(url_for("week.my_week_page"))


# ── Parts ────────────────────────────────────────────────────────────────────────────────────────


def _own(occurrence_id: int) -> OwnSession:
    own = own_session(actor(), occurrence_id, now=g.now)
    viewed(AuditKind.WEEK_VIEWED, client_id=own.client_id, details={"session": occurrence_id})
    return own


def _choices(occurrence_id: int) -> Choices:
    choices = choices_for(actor(), occurrence_id, now=g.now)
    viewed(AuditKind.MAKE_UPS_VIEWED, client_id=choices.own.client_id, details={"session": occurrence_id})
    return choices


def _do(action: Callable[[], object], done: str) -> None:
    """Do what one button asks for; when it cannot be done, say why."""
    with said_on_top():
        changed = action()
        if changed is not False:
            flash(done, "success")


def _first_name(own: OwnSession) -> str:
    return own.session.leader.split()[0]


def _kept(occurrence_id: int) -> dict[str, str]:
    kept = session.get(_KEPT) or {}
    return kept if kept.get("of") == occurrence_id else {}


def _keep(occurrence_id: int, **answers: str) -> None:
    session[_KEPT] = {**_kept(occurrence_id), "of": occurrence_id, **answers}
