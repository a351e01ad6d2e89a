"""What a message depends on: who is expected when, and how they may be written to."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders.timing import DEFAULT_POLICY, NudgePolicy
from iop_schedule.vocabulary import Channel, ConsentPurpose, DeliveryPurpose, HoldReason, StopReason


@dataclass(frozen=True, slots=True)
class Reach:
    """How one client may be written to over one channel."""

    channel: Channel
    #: Where to write; empty when unknown.
    address: str = ""
    #: Known to be theirs.
    confirmed: bool = False
    stopped: StopReason | None = None
    agreed: frozenset[ConsentPurpose] = frozenset()
    #: Agreed to once and taken back.
    took_back: frozenset[ConsentPurpose] = frozenset()
    language: str = "en"
    #: IANA zone the client lives in.
    zone: str = "UTC"
    #: Lead and quiet hours, with this client's wishes.
    policy: NudgePolicy = DEFAULT_POLICY

    @property
    def tz(self) -> ZoneInfo:
        """Return the client's time zone."""
        return civil_time.zone(self.zone)

    def why_not(self, purpose: DeliveryPurpose) -> HoldReason | None:
        """Return why nothing may be written for `purpose`, or None when it may."""
        needed = purpose.consent
        leaves_the_building = self.channel is not Channel.IN_APP
        if leaves_the_building and needed is not None and needed not in self.agreed:
            return HoldReason.OPTED_OUT if needed in self.took_back else HoldReason.NO_CONSENT
        if not self.address:
            return HoldReason.NO_ADDRESS
        if purpose is DeliveryPurpose.CODE or not leaves_the_building:
            return None
        return self._why_not_there()

    def _why_not_there(self) -> HoldReason | None:
        if self.stopped is StopReason.BOUNCED:
            return HoldReason.BOUNCED
        if self.stopped is StopReason.OPTED_OUT:
            return HoldReason.OPTED_OUT
        return None if self.confirmed and self.stopped is None else HoldReason.NOT_VERIFIED


@dataclass(frozen=True, slots=True)
class Expected:
    """One session at which a client is expected."""

    starts_at: datetime
    occurrence_id: int


@dataclass(frozen=True, slots=True)
class ClientDay:
    """What one client has on one day, and how they may be told over one channel."""

    client_id: int
    day: date
    #: IANA zone of the site.
    zone: str
    #: Sessions planned and not released, by start; none when all were called off.
    sessions: tuple[Expected, ...]
    reach: Reach
    #: In an active enrollment, not paused, on that day.
    enrolled: bool = True
    #: Starts the weekly rules give this day, also of sessions called off or moved since.
    usual: tuple[datetime, ...] = ()
    #: One of its sessions is held at another time than its weekly rule says.
    moved: bool = False
    #: Starts of sessions the client has told us they cannot come to; not among `sessions`.
    told_off: tuple[datetime, ...] = ()
    #: One session of the day, for looking things up; also when none is left.
    occurrence_id: int = 0
    #: What the client likes to be called; may be empty.
    called: str = ""
    #: Names of programs, groups and staff, which no message may contain.
    private_names: frozenset[str] = field(default_factory=frozenset)

    @property
    def starts(self) -> tuple[datetime, ...]:
        """Return when the sessions begin, in order."""
        return tuple(session.starts_at for session in self.sessions)

    @property
    def tz(self) -> ZoneInfo:
        """Return the site's time zone."""
        return civil_time.zone(self.zone)

    def why_not(self, purpose: DeliveryPurpose) -> HoldReason | None:
        """Return why this client may not be written to about this day, or None when they may."""
        return self.reach.why_not(purpose) or (None if self.enrolled else HoldReason.NOT_ENROLLED)
