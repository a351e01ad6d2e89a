"""A case manager's caseload: whom to contact first, and why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.models import CaseSnapshot, Client, db
from iop_schedule.queries.access import Actor, visible_clients
from iop_schedule.queries.case_snapshots import cases_of, is_good
from iop_schedule.queries.cases import Case, derive
from iop_schedule.queries.names import names_apart
from iop_schedule.queries.set_aside import NotNow, set_aside
from iop_schedule.queries.today import UnsignedSheets, unsigned_sheets

#: Most reasons printed for one person.
REASONS_SHOWN = 2
PAGE_SIZE = 60
#: Most cases derived while someone waits for a page, about a second of work.
AT_ONCE = 100


class Show(StrEnum):
    """Which people to list, beside the tier."""

    EVERYONE = ""
    EARLY = "first-two-weeks"
    WAITING = "waiting"
    SET_ASIDE = "not-now"
    NOT_RECORDED = "marks-missing"
    REVIEW = "review"


class Order(StrEnum):
    """How a caseload is sorted."""

    URGENT = ""
    NAME = "name"
    SILENT = "contact"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What a caseload is narrowed to and sorted by; everything as it stands in the address."""

    tier: Tier | None = None
    show: Show = Show.EVERYONE
    group: str = ""
    search: str = ""
    order: Order = Order.URGENT
    page: int = 1


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One person on the caseload."""

    client_id: int
    name: str
    first_name: str
    phone: str
    case: Case
    not_now: NotNow | None
    #: False in the program's silent weeks: the tier and its reasons stay with the administrator.
    is_shown: bool

    @property
    def tier(self) -> Tier:
        """Return the tier as this page shows it."""
        return self.case.tier if self.is_shown else Tier.NOT_SCORED

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why they are here, at most two reasons of the tier, then what does not fit."""
        if self.case.waiting:
            return ("Waiting for a place in a group.",)
        told = [r.sentence for r in self.case.reasons[:REASONS_SHOWN]] if self.is_shown else []
        return (*told, *self.case.clashes)

    @property
    def needs_a_time(self) -> bool:
        """Return True when looking for a time helps more than a call, as far as this page may tell."""
        return self.case.needs_a_time if self.is_shown else bool(self.case.clashes)


@dataclass(frozen=True, slots=True)
class Caseload:
    """One page of everyone a case manager looks after, most urgent first."""

    rows: tuple[CaseRow, ...]
    #: How many people match, on all pages.
    matching: int
    number: int
    pages: int
    today: date
    #: All group names on the caseload, for the filter.
    groups: tuple[str, ...]
    #: How many people have each tier and are in each list, before any filter.
    counts: dict[Tier, int]
    #: How many of them nobody set aside for now.
    to_contact: dict[Tier, int]
    shown: dict[Show, int]
    people: int
    #: People who are in no list and no count yet, because their case is still to be derived.
    pending: int
    #: Sessions over without their attendance, which may still change this list.
    not_recorded: int
    #: Sheets of sessions that are over, with people of this caseload on them, that nobody has signed.
    unsigned: UnsignedSheets
    #: People whose tier is not shown yet, and until when at the latest.
    silent: int
    silent_until: date | None


@dataclass(frozen=True, slots=True)
class _Line:
    """What is read about everyone: enough to filter, sort and count."""

    client_id: int
    name: str
    tier: Tier
    quiet_days: int
    not_recorded: int
    waiting: bool
    early: bool
    groups: tuple[str, ...]
    silent_until: date | None
    review: bool


def caseload(
    actor: Actor, *, now: datetime, wanted: CaseFilter | None = None, at_once: int | None = None
) -> Caseload:
    """Return the clients `actor` looks after; filters narrow the rows, never the counts.

    Args:
        actor: whose caseload it is.
        now: the moment it is about.
        wanted: what the rows are narrowed to and sorted by.
        at_once: most cases to derive before answering; who is left over is `pending`. None derives all.
    """
    actor.require(Permission.CASELOAD_READ)
    wanted = wanted or CaseFilter()
    today = actor.today(now)
    lines, derived, pending = _lines(actor, wanted.search, at_once, now=now)
    aside = set_aside([line.client_id for line in lines], today)
    matching = [line for line in lines if _matches(line, wanted, aside)]
    matching.sort(key=lambda line: _place(line, wanted.order, aside))
    pages = max(1, -(-len(matching) // PAGE_SIZE))
    number = min(max(1, wanted.page), pages)
    page = matching[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    silent = [line.silent_until for line in lines if line.silent_until is not None]
    return Caseload(
        rows=tuple(_rows(page, derived, aside, now=now)),
        matching=len(matching),
        number=number,
        pages=pages,
        today=today,
        groups=tuple(sorted({name for line in lines for name in line.groups})),
        counts={tier: sum(line.tier is tier for line in lines) for tier in Tier},
        to_contact={
            tier: sum(line.tier is tier and line.client_id not in aside for line in lines) for tier in Tier
        },
        shown=_counts(lines, aside),
        people=len(lines) + pending,
        pending=pending,
        not_recorded=sum(line.not_recorded for line in lines),
        unsigned=unsigned_sheets(actor, now=now),
        silent=len(silent),
        silent_until=max(silent, default=None),
    )


def _lines(
    actor: Actor, search: str, at_once: int | None, *, now: datetime
) -> tuple[list[_Line], dict[int, Case], int]:
    """Return one line for everyone `actor` may see, the cases derived for it, and how many are left over."""
    good = is_good(now).label("good")
    statement = (
        visible_clients(actor, now=now)
        .with_only_columns(
            Client.id,
            Client.code,
            Client.given_name,
            Client.family_name,
            Client.preferred_name,
            good,
            CaseSnapshot.tier,
            CaseSnapshot.quiet_days,
            CaseSnapshot.not_recorded,
            CaseSnapshot.waiting,
            CaseSnapshot.early,
            CaseSnapshot.groups,
            CaseSnapshot.silent_until,
            CaseSnapshot.review,
        )
        .outerjoin(CaseSnapshot, CaseSnapshot.client_id == Client.id)
    )
    people = db.session.execute(statement).all()
    names = names_apart(people)
    stale = [row for row in people if not row.good]
    # Who is searched for comes first, then those whose events have changed, then those never derived.
    stale.sort(key=lambda row: (not _is_named(names[row.id], search), row.tier is None, row.id))
    derived = derive([row.id for row in stale[:at_once]], now=now)
    today = actor.today(now)
    known = [row for row in people if row.good or row.id in derived]
    lines = [_line(row, names[row.id], derived.get(row.id), today) for row in known]
    return lines, derived, len(people) - len(known)


def _is_named(name: str, search: str) -> bool:
    return search.strip().casefold() in name.casefold()


def _line(row: Any, name: str, case: Case | None, today: date) -> _Line:
    found = case or row
    is_silent = found.silent_until is not None and today <= found.silent_until
    return _Line(
        client_id=row.id,
        name=name,
        tier=Tier.NOT_SCORED if is_silent else Tier(found.tier),
        quiet_days=found.quiet_days,
        not_recorded=found.not_recorded,
        waiting=found.waiting,
        early=found.early,
        groups=tuple(found.groups),
        silent_until=found.silent_until if is_silent else None,
        review=found.review and not is_silent,
    )


def _matches(line: _Line, wanted: CaseFilter, aside: Collection[int]) -> bool:
    return (
        (wanted.tier is None or line.tier is wanted.tier)
        and _is_in(line, wanted.show, aside)
        and (not wanted.group or wanted.group in line.groups)
        and _is_named(line.name, wanted.search)
    )


def _is_in(line: _Line, show: Show, aside: Collection[int]) -> bool:
    return {
        Show.EVERYONE: True,
        Show.EARLY: line.early,
        Show.WAITING: line.waiting,
        Show.SET_ASIDE: line.client_id in aside,
        Show.NOT_RECORDED: line.not_recorded > 0,
        Show.REVIEW: line.review,
    }[show]


def _counts(lines: Sequence[_Line], aside: Collection[int]) -> dict[Show, int]:
    return {show: sum(_is_in(line, show, aside) for line in lines) for show in Show}


def _place(line: _Line, order: Order, aside: Collection[int]) -> tuple[Any, ...]:
    """Return where a line goes: people set aside after the others of the list, namesakes by id."""
    name = (line.name.casefold(), line.client_id)
    if order is Order.NAME:
        return name
    if order is Order.SILENT:
        return (-line.quiet_days, *name)
    return (line.client_id in aside, -line.tier.rank, not line.waiting, *name)


def _rows(
    page: Sequence[_Line],
    derived: dict[int, Case],
    aside: dict[int, NotNow],
    *,
    now: datetime,
) -> list[CaseRow]:
    ids = [line.client_id for line in page]
    cases = derived | cases_of([one for one in ids if one not in derived], now=now)
    facts = {row.id: row for row in db.session.scalars(select(Client).where(Client.id.in_(ids)))}
    return [
        CaseRow(
            client_id=line.client_id,
            name=line.name,
            first_name=facts[line.client_id].called,
            phone=facts[line.client_id].phone,
            case=cases[line.client_id],
            not_now=aside.get(line.client_id),
            is_shown=line.silent_until is None,
        )
        for line in page
    ]
