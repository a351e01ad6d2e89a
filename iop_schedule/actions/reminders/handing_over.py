"""Handing messages over: decide with today's facts, commit, send, write down how each ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from iop_schedule import clock
from iop_schedule.actions.reminders.arming import arm
from iop_schedule.actions.reminders.beginning import Armed, begin
from iop_schedule.actions.reminders.finishing import finish, finish_unsent
from iop_schedule.actions.reminders.letters import Letterhead
from iop_schedule.actions.reminders.rows import Done, Step
from iop_schedule.adapters.messages import Doors, Messages, NotSent, Unreachable, Unsure
from iop_schedule.domain.reminders import DEFAULT_POLICY, NudgePolicy
from iop_schedule.vocabulary import Channel, ProviderCapability

#: Most messages decided together.
BATCH = 80
#: A decision stands for so long. Whoever cancels after it was committed may still be overtaken by it.
STANDS_SECONDS = 2.0


def deliver(
    channel: Channel,
    *,
    doors: Doors,
    now: datetime,
    head: Letterhead | None = None,
    policy: NudgePolicy = DEFAULT_POLICY,
    most: int = BATCH,
    goes_on: Callable[[], bool] = lambda: True,
) -> list[Done]:
    """Hand over what has waited longest over one channel; return what became of each, nothing if none is due.

    Messages are armed in one transaction and finished in another; the provider is talked to between them,
    with no lock held. Where it can be asked about each, that is all. With any other provider every message
    is written down as begun before it is handed over, so that a crash leaves one in doubt and no more.

    Args:
        channel: mail, texts, or the list inside the application.
        doors: where messages go, by channel.
        now: the current instant.
        head: what links and codes are made with.
        policy: the clinic's lead and quiet hours.
        most: how many messages at once.
        goes_on: asked between two messages; when it says no, the rest are given back.
    """
    door = doors.get(channel)
    if door is None and channel is not Channel.IN_APP:
        return []
    can_be_asked = door is not None and door.capability is ProviderCapability.LOOKUP
    begins = most if can_be_asked else 1
    batch = arm(channel, most=most, begins=begins, now=now, head=head or Letterhead(), policy=policy)
    if door is None or not batch.armed:
        return list(batch.done)
    return [*batch.done, *_HandOver(door, now, begins).all_of(batch.armed, goes_on)]


@dataclass(slots=True)
class _HandOver:
    """One batch on its way out."""

    door: Messages
    now: datetime
    #: So many of the batch are written down as begun already.
    begun: int
    taken: list[tuple[Armed, str]] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)

    def all_of(self, armed: Sequence[Armed], goes_on: Callable[[], bool]) -> list[Done]:
        decided_at, number = clock.monotonic(), 0
        try:
            while number < len(armed) and clock.monotonic() - decided_at <= STANDS_SECONDS:
                if number and not goes_on():
                    break
                number += 1
                if not self._one(number, armed[number - 1]):
                    break
        except Exception:
            # What it did with that one nobody knows; what is known of the others is kept.
            finish(self.taken, armed[number:], self.now)
            raise
        return [*self.done, *finish(self.taken, armed[number:], self.now)]

    def _one(self, number: int, armed: Armed) -> bool:
        """Hand one message over; return False when the others would fare as badly."""
        before = self.taken[-1][0] if self.taken else None
        if number > self.begun and not begin(armed, before, self.now):
            self.done.append(Done(Step.OVERTAKEN, armed.channel))
            return True
        try:
            self.taken.append((armed, self.door.send(armed.outgoing)))
        except NotSent as problem:
            self.done.append(Done(finish_unsent(armed, problem, self.door, self.now), armed.channel))
            return not isinstance(problem, Unreachable | Unsure)
        return True
