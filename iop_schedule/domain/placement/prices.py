"""What changes to a person's week would cost, in points: only for saying the cheapest first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prices:
    """A program's prices. Source: docs/sources.md#placement-prices"""

    #: Of each commitment that would have to give way, and of each minute of it.
    commitment: int = 20
    minute: int = 1
    #: Of one seat more than a meeting has.
    seat: int = 60
    #: Of a day less than prescribed.
    day: int = 70
    #: Of attending the other way, in person or by video.
    modality: int = 80
    #: Of an hour less than prescribed.
    hour: int = 90
    #: Of a prescribed service type that is not in the week.
    service_type: int = 110
