"""Stored cases: which are still good, how they are written down, and the others derived at once.

A stored case is good while time has not reached its `good_until` and no `CaseChange` names its client. The
changes are written by the database itself, so a case shown is always the one `cases.derive` would return.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select

from iop_schedule.domain.risk.level import LevelReading
from iop_schedule.domain.risk.reasons import Reason, ReasonKind, Review, ReviewKind, Tier
from iop_schedule.domain.risk.tiers import ChangeReading
from iop_schedule.models import CaseChange, CaseSnapshot, Client, db
from iop_schedule.queries.cases import Case, derive

#: Kept in columns of their own, because lists are filtered and sorted by them.
_COLUMNS = (
    "client_id", "tier", "quiet_days", "not_recorded", "waiting", "early", "groups", "silent_until",
    "good_until",
)  # fmt: skip
_DAYS = ("last_attended", "last_contact", "day")


def is_good(now: datetime) -> ColumnElement[bool]:
    """Return the condition, with `CaseSnapshot` joined to `Client`, that the stored case holds at `now`."""
    return ~or_(
        CaseSnapshot.client_id.is_(None),
        CaseSnapshot.good_until <= now,
        CaseSnapshot.derived_at > now,
        exists().where(CaseChange.client_id == Client.id),
    )


def cases_of(client_ids: Collection[int], *, now: datetime) -> dict[int, Case]:
    """Return the case of each client at `now`: as stored where that is good, else derived."""
    statement = (
        select(CaseSnapshot)
        .join(Client, Client.id == CaseSnapshot.client_id)
        .where(CaseSnapshot.client_id.in_(client_ids), is_good(now))
    )
    found = {row.client_id: case_of(row) for row in db.session.scalars(statement)}
    return found | derive(set(client_ids) - found.keys(), now=now)


def values_of(case: Case, *, now: datetime) -> dict[str, Any]:
    """Return a case as the columns of its snapshot."""
    own = {name: getattr(case, name) for name in _COLUMNS}
    rest = {f.name: getattr(case, f.name) for f in fields(case) if f.name not in _COLUMNS}
    rest |= {name: _day_text(rest[name]) for name in _DAYS}
    rest["missed_at"] = _instant_text(case.missed_at)
    rest["level"] = asdict(case.level)
    rest["change"] = asdict(case.change) | {"alert_since": _instant_text(case.change.alert_since)}
    rest["reasons"] = reasons_to_json(case.reasons)
    rest["reviews"] = [[r.kind, r.sentence, r.occurrence_ids] for r in case.reviews]
    return {**own, "groups": list(case.groups), "review": case.review, "shown": rest, "derived_at": now}


def case_of(row: CaseSnapshot) -> Case:
    """Return the case a snapshot holds."""
    kept: Mapping[str, Any] = row.shown
    days = {name: _day(kept[name]) for name in _DAYS}
    return Case(
        **{
            **kept,
            **days,
            "client_id": row.client_id,
            "tier": Tier(row.tier),
            "quiet_days": row.quiet_days,
            "not_recorded": row.not_recorded,
            "waiting": row.waiting,
            "early": row.early,
            "groups": tuple(row.groups),
            "silent_until": row.silent_until,
            "good_until": row.good_until,
            "reasons": reasons_from_json(kept["reasons"]),
            "reviews": tuple(
                Review(ReviewKind(kind), sentence, tuple(ids)) for kind, sentence, ids in kept["reviews"]
            ),
            "level": LevelReading(**kept["level"]),
            "change": ChangeReading(
                **{**kept["change"], "alert_since": _instant(kept["change"]["alert_since"])}
            ),
            "clashes": tuple(kept["clashes"]),
            "strip": tuple(tuple(week) for week in kept["strip"]),
            "hours": tuple(kept["hours"]),
            "missed_at": _instant(kept["missed_at"]),
        }
    )


def reasons_to_json(reasons: Collection[Reason]) -> list[dict[str, Any]]:
    """Return reasons as plain values, every field kept."""
    return [
        {
            "kind": reason.kind,
            "tier": reason.tier,
            "sentence": reason.sentence,
            "sessions": list(reason.occurrence_ids),
            "since": _day_text(reason.since),
            "next_step": reason.next_step,
            "clears": reason.clears,
        }
        for reason in reasons
    ]


def reasons_from_json(kept: Collection[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """Return what `reasons_to_json` wrote down."""
    return tuple(
        Reason(
            ReasonKind(one["kind"]),
            Tier(one["tier"]),
            one["sentence"],
            tuple(one["sessions"]),
            since=_day(one["since"]),
            next_step=one["next_step"],
            clears=one["clears"],
        )
        for one in kept
    )


def _day_text(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text is not None else None


def _instant_text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
