"""What every way of handing messages over keeps to.

Four things can go wrong, and they ask for different answers: the message is refused for good, refused for
now, the provider cannot be reached at all, or nobody knows whether it arrived.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from iop_schedule.adapters.ical_invite import CalendarRequest
from iop_schedule.vocabulary import ProviderCapability, StopReason


class NotSent(Exception):
    """A message was not handed over, or perhaps not."""

    def __init__(self, category: str) -> None:
        """Keep what happened as a word or a reply code; the provider's own text may quote the address."""
        self.category = category
        super().__init__(category)


class Refused(NotSent):
    """Refused for good: trying again is useless."""

    def __init__(self, category: str, *, stops: StopReason | None = None) -> None:
        """Keep what happened.

        Args:
            category: a word or a reply code.
            stops: given when the address itself will take nothing from us any more, and why.
        """
        self.stops = stops
        super().__init__(category)


class Delayed(NotSent):
    """Refused for now: the same message may be accepted later."""

    def __init__(self, category: str, *, wait: timedelta | None = None) -> None:
        """Keep what happened, and how long the provider asks us to wait, if it says so."""
        self.wait = wait
        super().__init__(category)


class Unreachable(NotSent):
    """The provider did not get as far as this message; it would be the same for any other."""


class Unsure(NotSent):
    """The connection broke after the message and before the answer: it may or may not have arrived."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one person."""

    #: Names the message wherever it goes, so that the same one sent twice can be recognized.
    id: str
    to: str
    #: Empty where a channel has none.
    subject: str
    text: str
    #: Address that stops these messages with one POST; empty where there is nothing to stop.
    stop_url: str = ""
    #: What the recipient's calendar is asked to do; then the words around it are the invitation's own.
    invitation: CalendarRequest | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message the provider says it has taken from us."""

    ref: str
    text: str


class Messages(Protocol):
    """Somewhere messages can be handed over."""

    @property
    def capability(self) -> ProviderCapability:
        """What the provider can do about a message in doubt."""

    @property
    def repeats_when_unsure(self) -> int:
        """How often a message in doubt may be handed over again without asking."""

    def send(self, outgoing: Outgoing) -> str:
        """Hand one message over, or raise `NotSent`; return the provider's name for it, empty if none."""

    def accepted(self, to: str, *, since: datetime) -> list[Accepted]:
        """Return what the provider has taken from us for `to` since then, or raise `NotSent`."""

    def close(self) -> None:
        """End what is open."""
