"""What a reminder depends on: who is expected where, and whether they may be written to."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from iop_schedule.domain import civil_time
from iop_schedule.vocabulary import HoldReason


@dataclass(frozen=True, slots=True)
class Expected:
    """One session at which a client is expected."""

    starts_at: datetime
    occurrence_id: int


@dataclass(frozen=True, slots=True)
class ClientDay:
    """What one client has on one day, and whether they may be written to."""

    client_id: int
    day: date
    #: IANA zone of the site.
    zone: str
    #: Sessions planned and not released, by start; at least one.
    sessions: tuple[Expected, ...]
    consented: bool
    #: Where to write; empty when unknown.
    address: str
    #: In an active enrollment, not paused, on that day.
    enrolled: bool
    #: What the client likes to be called; may be empty.
    called: str = ""
    #: Names of programs, groups and staff, which no message may contain.
    private_names: frozenset[str] = field(default_factory=frozenset)

    @property
    def first(self) -> Expected:
        """Return the first session of the day."""
        return self.sessions[0]

    @property
    def tz(self) -> ZoneInfo:
        """Return the site's time zone."""
        return civil_time.zone(self.zone)

    def why_not(self) -> HoldReason | None:
        """Return why this client may not be written to, or None when they may."""
        if not self.consented:
            return HoldReason.NO_CONSENT
        if not self.address:
            return HoldReason.NO_ADDRESS
        return None if self.enrolled else HoldReason.NOT_ENROLLED
