"""A provider's limit on messages a second, shared by all workers through one row in the database.

A worker takes its share a handful at a time and hands nothing back: what it does not use is refilled by
the clock anyway.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from iop_schedule.models import ReminderAllowance
from iop_schedule.models.base import write_transaction
from iop_schedule.vocabulary import Channel

#: Most messages one worker takes at once.
HANDFUL = 20


def take_allowance(channel: Channel, *, per_second: int, now: datetime, most: int = HANDFUL) -> int:
    """Return how many messages may go out over `channel` now, at most `most`; they count as sent.

    Args:
        channel: which provider.
        per_second: its limit; a second's worth may go out at once.
        now: the current instant; a clock set back gives nothing new and takes nothing away.
        most: how many are wanted.
    """
    with write_transaction() as session:
        row = session.scalars(
            select(ReminderAllowance).where(ReminderAllowance.channel == channel).with_for_update()
        ).one_or_none()
        if row is None:
            row = ReminderAllowance(channel=channel, tokens=float(per_second), at=now)
            session.add(row)
        since = max(0.0, (now - row.at).total_seconds())
        row.tokens = min(float(per_second), row.tokens + since * per_second)
        row.at = max(row.at, now)
        taken = min(most, int(row.tokens))
        row.tokens -= taken
    return taken


class Allowances:
    """What one worker has taken and not used yet, by channel. A limit of 0 is no limit."""

    def __init__(self, per_second: Mapping[Channel, int]) -> None:
        """Begin with nothing taken."""
        self._per_second = per_second
        self._left: dict[Channel, int] = {}

    def lets_through(self, channel: Channel, *, now: datetime) -> bool:
        """Return True when a message may go out over `channel`; take more where what there was is used up."""
        limit = self._per_second.get(channel, 0)
        if not limit:
            return True
        if not self._left.get(channel):
            self._left[channel] = take_allowance(channel, per_second=limit, now=now)
        return self._left[channel] > 0

    def at_most(self, channel: Channel, wanted: int) -> int:
        """Return how many of the wanted messages may go out over `channel` without asking again."""
        return min(wanted, self._left.get(channel, wanted))

    def used(self, channel: Channel, count: int) -> None:
        """Count messages as sent."""
        if channel in self._left:
            self._left[channel] -= count
