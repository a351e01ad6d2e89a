"""What the attendance sheet shows: one card for each person, what is wrong, who said otherwise."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flask import g, render_template, request, url_for

from iop_schedule.actions.walk_ins import BY_HAND
from iop_schedule.domain.attendance import ROSTER_WORDS
from iop_schedule.domain.notices import REASON_WORDS
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.domain.sign_off import may_take_back
from iop_schedule.queries.attendance import PersonMark, Roster, Seat
from iop_schedule.queries.notices import NOTHING, Told
from iop_schedule.vocabulary import AttendanceStatus, Role, RosterSource, SignOffKind
from iop_schedule.web.forms.attendance import CHOICE_OF, REASONS, STATUS_OF, ShownSeat, TypedSeat
from iop_schedule.web.presenting import clock_time
from iop_schedule.web.security import actor, settings

#: What a mark reads as when the sheet has no button for it.
_OTHER_WORDS = {
    AttendanceStatus.LATE_CANCEL: "Canceled late",
    AttendanceStatus.PROGRAM_CANCELLED: "Did not meet for them",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two marks of one person: what someone else said meanwhile, and what was chosen here."""

    by: str
    at: str
    theirs: str
    mine: str
    typed: TypedSeat


@dataclass(frozen=True, slots=True)
class SeatCard:
    """One person's card as the roster macro prints it."""

    id: int
    name: str
    initials: str
    status: str
    arrived_at: str
    #: The arrival shown is the current time, offered in case this person is late.
    suggests_now: bool
    left_at: str
    reason: str
    sub: str
    sub_tone: str | None
    chips: tuple[tuple[str, str], ...]
    done_minutes: int
    goal_minutes: int
    is_low: bool
    version: int
    problem: str | None
    conflict: Conflict | None
    links: tuple[tuple[str, str], ...] = ()
    #: Where to take someone off the list who was added by hand; empty when they stay.
    remove_url: str = ""
    #: Minutes credited, for the lists of a signed sheet.
    minutes: int = 0
    #: What a closed sheet prints: the status as stored.
    stored: AttendanceStatus | None = None
    times: str = ""
    amend_url: str = ""
    reasons: tuple[str, ...] = field(default=REASONS)
    #: They told us that they cannot come, and nobody has marked them: left out of “mark the others present”.
    is_away: bool = False


def roster_page(
    sheet: Roster,
    *,
    typed: Mapping[int, TypedSeat] | None = None,
    errors: Mapping[int, str] | None = None,
    mine: Mapping[int, TypedSeat] | None = None,
    whole: str = "",
) -> str:
    """Return the page of one sheet.

    Args:
        sheet: as it stands.
        typed: what was sent for each person, when it could not be saved.
        errors: what to correct, by roster entry.
        mine: what was chosen here for people someone else marked meanwhile.
        whole: what is wrong with the sheet as a whole.
    """
    kept = request.args.get("kept") == "1"
    shown = {**as_stored(sheet), **(typed or {})}
    cards = [
        _card(seat, shown[seat.entry_id], sheet, error=(errors or {}).get(seat.entry_id), mine=mine or {})
        for seat in sheet.seats
    ]
    here = actor()
    signed = sheet.signed
    editable = sheet.session.is_open and not sheet.session.cancelled and signed is None
    return render_template(
        "attendance/signed.html" if signed else "attendance/roster.html",
        sheet=sheet,
        session=sheet.session,
        seats=[_bare(card) for card in cards] if kept else cards,
        kept=kept,
        counts={choice: sum(card.status == choice for card in cards) for choice in STATUS_OF},
        problems_found=[(card.id, card.name, card.problem) for card in cards if card.problem],
        whole=whole,
        change_key=secrets.token_hex(16),
        editable=editable,
        has_begun=g.now >= sheet.session.starts,
        led_by="you" if sheet.session.leader == here.name else sheet.session.leader,
        minutes_since_start=int((g.now - sheet.session.starts).total_seconds() // 60),
        is_over=g.now >= sheet.session.ends,
        back_url=url_for("attendance.today", d=sheet.day)
        if here.role is Role.COUNSELOR
        else url_for("home.index"),
        may_take_back=signed is not None
        and may_take_back(signed_at=signed.at, by_id=signed.by_id, actor_id=here.user_id, now=g.now),
        was_held=signed is None or signed.kind is not SignOffKind.NOT_HELD,
        lists=_lists(cards) if signed else (),
        keeps_until_seconds=_seconds_left_today(sheet),
        product_name=settings().product_name,
    )


def _seconds_left_today(sheet: Roster) -> int:
    """Return how long a device may keep this sheet: until midnight at the site, and only on its day."""
    now_there = g.now.astimezone(sheet.tz)
    if now_there.date() != sheet.day:
        return 0
    return int(24 * 3600 - (now_there.hour * 3600 + now_there.minute * 60 + now_there.second))


#: A signed sheet reads from the exceptions to the rule.
_ORDER = (
    ("Not here", (AttendanceStatus.NO_SHOW, AttendanceStatus.LATE_CANCEL)),
    ("Excused", (AttendanceStatus.EXCUSED,)),
    ("Here for part", (AttendanceStatus.ATTENDED_PART,)),
    ("Present", (AttendanceStatus.ATTENDED,)),
    ("Not counted", (AttendanceStatus.PROGRAM_CANCELLED, None)),
)


def _lists(cards: list[SeatCard]) -> tuple[tuple[str, tuple[SeatCard, ...]], ...]:
    found = ((title, tuple(card for card in cards if card.stored in statuses)) for title, statuses in _ORDER)
    return tuple((title, people) for title, people in found if people)


def _bare(card: SeatCard) -> SeatCard:
    """Return the card with nothing on it but the name and the mark: what a device may keep."""
    return SeatCard(
        id=card.id, name=card.name, initials=card.initials, status=card.status, arrived_at=card.arrived_at,
        suggests_now=card.suggests_now, left_at=card.left_at, reason="", sub="", sub_tone=None, chips=(),
        done_minutes=0, goal_minutes=0, is_low=False, version=card.version, problem=None, conflict=None,
    )  # fmt: skip


def _card(
    seat: Seat, typed: TypedSeat, sheet: Roster, *, error: str | None, mine: Mapping[int, TypedSeat]
) -> SeatCard:
    now_there = g.now.astimezone(sheet.tz)
    # “Late” suggests the current time while the session is on; afterwards nobody can know it.
    suggested = f"{now_there:%H:%M}" if sheet.session.starts < now_there < sheet.session.ends else ""
    conflict = _conflict(seat, mine[seat.entry_id]) if seat.entry_id in mine else None
    return SeatCard(
        id=seat.entry_id,
        name=seat.name,
        initials=seat.initials,
        status=typed.choice,
        arrived_at=typed.arrived or ("" if typed.choice == "late" else suggested),
        suggests_now=bool(suggested) and typed.choice != "late",
        left_at=typed.left,
        reason=typed.reason,
        sub=_line(seat),
        sub_tone=_tone(seat),
        is_away=seat.told.absent is not None and not typed.choice,
        chips=_chips(seat),
        done_minutes=seat.done_minutes,
        goal_minutes=seat.goal_minutes,
        is_low=False,
        version=seat.version,
        problem=error or (_conflict_words(seat, conflict) if conflict else None),
        conflict=conflict,
        links=_links(seat, sheet.session.id),
        remove_url=_remove_url(seat, sheet),
        minutes=seat.minutes,
        stored=seat.status,
        times=_times(seat),
        amend_url=url_for("sheets.amend", occurrence_id=sheet.session.id, entry_id=seat.entry_id),
    )


def _remove_url(seat: Seat, sheet: Roster) -> str:
    if seat.status is not None or seat.source not in BY_HAND:
        return ""
    return url_for("walk_ins.remove", occurrence_id=sheet.session.id, entry_id=seat.entry_id)


def _line(seat: Seat) -> str:
    if seat.status in _OTHER_WORDS:
        return _OTHER_WORDS[seat.status] + _told_when(seat)
    if seat.left is not None:
        return f"Left at {clock_time(seat.left)}"
    if not seat.in_care:
        return "Not in the program today: counts for nobody"
    return _told_line(seat.told) or seat.line


def _told_when(seat: Seat) -> str:
    at = seat.told.absent_at
    if seat.status is not AttendanceStatus.LATE_CANCEL or at is None:
        return ""
    return f", told {at:%a} {clock_time(at)}; a reason excuses it"


def _told_line(told: Told) -> str:
    """Return what was told about this session; it suggests, whoever takes attendance decides."""
    if told.absent is not None and told.absent_at is not None:
        return f"Told us {told.absent_at:%a} {clock_time(told.absent_at)}: {REASON_WORDS[told.absent]}"
    if told.here_at is not None:
        return f"Checked in {clock_time(told.here_at)}"
    if told.late_minutes is not None and told.late_at is not None:
        return f"Running about {told.late_minutes} min late, told {clock_time(told.late_at)}"
    return ""


def _tone(seat: Seat) -> str | None:
    if seat.status in {AttendanceStatus.EXCUSED, AttendanceStatus.LATE_CANCEL}:
        return "told"
    if seat.status is not None or seat.told == NOTHING:
        return None
    return "in" if seat.told.here_at and seat.told.absent is None else "told"


def _times(seat: Seat) -> str:
    parts = [f"arrived {clock_time(seat.arrived)}"] if seat.arrived else []
    parts += [f"left {clock_time(seat.left)}"] if seat.left else []
    return ", ".join(parts)


def _chips(seat: Seat) -> tuple[tuple[str, str], ...]:
    chips = [("New", "tone")] if seat.is_new else []
    if seat.source is RosterSource.MAKE_UP:
        chips.append(("Make-up", "excused"))
    elif seat.source is RosterSource.WALK_IN:
        chips.append(("Visitor", "excused"))
    if seat.brings:
        words = "With support person" if seat.brings == 1 else f"With {seat.brings} support people"
        chips.append((words, "tone"))
    return (*chips, ("Beyond the seats", "late")) if seat.over_seats else tuple(chips)


def _links(seat: Seat, here: int) -> tuple[tuple[str, str], ...]:
    if not holds(actor().role, Permission.CLIENT_READ):
        return ()
    return (
        ("Open their page", url_for("people.client", client_id=seat.client_id)),
        ("Can’t come, make-up", url_for("absences.page", client_id=seat.client_id, occurrence_id=here)),
        ("Note for case manager", url_for("handover.page", client_id=seat.client_id, occurrence_id=here)),
    )


def _conflict(seat: Seat, typed: TypedSeat) -> Conflict:
    chosen = STATUS_OF.get(typed.choice)
    return Conflict(
        by=seat.marked_by or "Someone else",
        at=clock_time(seat.marked_at) if seat.marked_at else "",
        theirs=ROSTER_WORDS.get(seat.status, "Other") if seat.status else "To mark",
        mine=ROSTER_WORDS[chosen] if chosen else "To mark",
        typed=typed,
    )


def _conflict_words(seat: Seat, conflict: Conflict) -> str:
    at = f" at {conflict.at}" if conflict.at else ""
    return (
        f"{conflict.by} marked {seat.name} {conflict.theirs}{at} while you had this page open; "
        f"you chose {conflict.mine}. Keep theirs or use yours, then save."
    )


def shown_seats(marks: Iterable[PersonMark]) -> dict[int, ShownSeat]:
    """Return what the sheet shows for each person, to tell what a form changes."""
    return {
        mark.entry_id: ShownSeat(
            typed_of(mark), mark.version, marked=mark.status is not None, away=mark.told_off
        )
        for mark in marks
    }


def as_stored(sheet: Roster) -> dict[int, TypedSeat]:
    """Return each person's mark as the form would send it back unchanged."""
    return {seat.entry_id: typed_of(seat) for seat in sheet.seats}


def typed_of(mark: Seat | PersonMark) -> TypedSeat:
    """Return a stored mark in the words of the form; someone who only left early is marked present."""
    choice = CHOICE_OF.get(mark.status, "") if mark.status else ""
    if choice == "late" and mark.arrived is None and mark.left is not None:
        choice = "present"
    return TypedSeat(
        choice,
        f"{mark.arrived:%H:%M}" if mark.arrived else "",
        f"{mark.left:%H:%M}" if mark.left else "",
        mark.reason if choice in {"excused", "absent"} else "",
    )
