"""One signal, replayed: under the settings it names, with what was known then, and with what is known now."""

from dataclasses import dataclass
from datetime import date, datetime

from iop_schedule.domain.civil_time import local, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.risk.reasons import Reason, Tier
from iop_schedule.errors import NotFound
from iop_schedule.models import RiskSignal
from iop_schedule.queries.access import Actor, access_about_client
from iop_schedule.queries.case_snapshots import reasons_from_json
from iop_schedule.queries.cases import derive
from iop_schedule.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Said:
    """What the monitor said, or says."""

    tier: Tier
    reasons: tuple[Reason, ...]
    policy: str


@dataclass(frozen=True, slots=True)
class SignalView:
    """A signal as raised, replayed with what was known then, and with every correction since."""

    id: int
    client_id: int
    name: str
    day: date
    raised_at: datetime
    ended_at: datetime | None
    silent: bool
    raised: Said
    replayed: Said
    today: Said

    @property
    def is_reproduced(self) -> bool:
        """Return True when the replay gives the same tier for the same reasons, word for word."""
        return self.raised == self.replayed

    @property
    def was_corrected(self) -> bool:
        """Return True when records changed since so that it would be told differently now."""
        return self.replayed != self.today


def signal_view(actor: Actor, signal_id: int, *, now: datetime) -> SignalView:
    """Return one signal with its replay.

    Raises:
        NotFound: not about this person's client, or raised in silent weeks and not for them to see.
    """
    row = access_about_client(actor, RiskSignal, signal_id, Permission.OUTREACH_LOG, now=now)
    if row.silent and actor.role is not Role.ADMINISTRATOR:
        raise NotFound
    tz = zone(row.client.site.zone)
    return SignalView(
        id=row.id,
        client_id=row.client_id,
        name=row.client.short_name,
        day=row.day,
        raised_at=local(row.raised_at, tz),
        ended_at=local(row.ended_at, tz) if row.ended_at else None,
        silent=row.silent,
        raised=Said(Tier(row.tier), reasons_from_json(row.reasons), row.policy),
        replayed=_said(row, known_at=row.raised_at),
        today=_said(row, known_at=None),
    )


def _said(row: RiskSignal, *, known_at: datetime | None) -> Said:
    case = derive([row.client_id], now=row.raised_at, known_at=known_at)[row.client_id]
    return Said(case.tier, case.reasons, case.policy)
