"""What can keep a person from any legal week."""

from dataclasses import dataclass
from enum import StrEnum

from iop_schedule.domain.placement.problem import Commitment


class ClashKind(StrEnum):
    """What can be part of a clash."""

    COMMITMENT = "commitment"
    DOSE = "dose"
    DAYS = "days"
    DAY_LENGTH = "day_length"
    SERVICE_TYPE = "service_type"
    SEATS = "seats"
    MODALITY = "modality"
    LANGUAGE = "language"
    GENDER = "gender"


@dataclass(frozen=True, slots=True)
class Clash:
    """One part of a clash, and the meetings it takes away on its own."""

    kind: ClashKind
    commitment: Commitment | None = None
    service_type: str | None = None
    blocks: tuple[str, ...] = ()
