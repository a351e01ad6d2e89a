"""What the report of one program is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.engagement.measures import Episode, SeatUse
from iop_schedule.domain.engagement.staying import Stay
from iop_schedule.domain.engagement.trying import PastCare
from iop_schedule.domain.risk.policy import MonitorPolicy


@dataclass(frozen=True, slots=True)
class Seen:
    """One client's one session, as the report counts it."""

    person: int
    day: date
    group: str
    state: SessionState
    #: What became of the reminder, in words.
    reminder: str
    #: Recorded within a day of its end; None while it is not recorded, or not to be.
    in_time: bool | None = None
    #: Signed by the counselor; None where nothing is to be signed.
    signed: bool | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One session that was held, with its seats."""

    group: str
    starts: time
    use: SeatUse


@dataclass(frozen=True, slots=True)
class Cohort:
    """Everyone admitted in one span of days."""

    label: str
    episodes: tuple[Episode, ...]
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """Everything the report of one program and span of days is made from."""

    today: date
    seen: tuple[Seen, ...]
    held: tuple[Held, ...]
    #: Admitted in the span, and in the span of the same length before it.
    cohort: Cohort
    earlier: Cohort
    care: tuple[PastCare, ...]
    #: By word of a subgroup: what kind of difference it is, such as "Language".
    subgroup_kinds: Mapping[str, str]
    #: Subgroups of a person.
    subgroups: Mapping[int, tuple[str, ...]]
    policy: MonitorPolicy
