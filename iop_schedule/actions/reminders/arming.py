"""Deciding, with today's facts, which of the messages that are due go out, and committing that."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from iop_schedule.actions.reminders.beginning import Armed, started
from iop_schedule.actions.reminders.facing import Letter, letters_for
from iop_schedule.actions.reminders.letters import Letterhead
from iop_schedule.actions.reminders.rows import Done, Step, hold, note_all, postpone
from iop_schedule.adapters.messages import Outgoing
from iop_schedule.domain import reminders as rules
from iop_schedule.domain.reminders import NotNeutral, NudgePolicy
from iop_schedule.models import ReminderAttempt, ReminderDelivery
from iop_schedule.models.base import write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.queries.wordings import Worded, built_in, current_wording
from iop_schedule.vocabulary import (
    AuditKind,
    Channel,
    DeliveryPurpose,
    DeliveryState,
    HoldReason,
)

log = logging.getLogger(__name__)

#: How long a worker may hold a message; several times the longest hand-over.
LEASE = timedelta(minutes=2)
#: Wait of a message that broke our own code.
FAULT_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Batch:
    """What was due: messages to hand over now, and those of which something else became."""

    armed: Sequence[Armed] = ()
    done: Sequence[Done] = ()


def arm(
    channel: Channel, *, most: int, begins: int, now: datetime, head: Letterhead, policy: NudgePolicy
) -> Batch:
    """Pick what has waited longest over `channel`, at most `most`, and decide what becomes of each.

    What cannot be decided together is decided one message at a time, and one that breaks our own code
    delays itself only.

    Args:
        channel: mail, texts, or the list inside the application.
        most: how many messages.
        begins: so many of them are written down as begun at once; see `begin` for the others.
        now: the current instant.
        head: what links and codes are made with.
        policy: the clinic's lead and quiet hours.
    """
    arming = _Arming(channel, begins, now, head, policy)
    try:
        with write_transaction() as session:
            return arming.batch(session, most)
    except Exception:
        if not arming.picked:
            raise
        if len(arming.picked) > 1:
            log.exception("messages could not be prepared together")
            return arm(channel, most=1, begins=1, now=now, head=head, policy=policy)
        log.exception("a message could not be prepared", extra={"item_id": arming.picked[0]})
        postpone(arming.picked[0], now + FAULT_WAIT)
        return Batch(done=[Done(Step.POSTPONED, channel)])


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message that goes out, and what is kept of how it was written."""

    delivery: ReminderDelivery
    outgoing: Outgoing
    kept: dict[str, Any]


@dataclass(slots=True)
class _Arming:
    """One batch being decided, in the transaction of the caller."""

    channel: Channel
    begins: int
    now: datetime
    head: Letterhead
    policy: NudgePolicy
    #: Ids of the messages in hand.
    picked: Sequence[str] = ()
    _wordings: dict[tuple[DeliveryPurpose, str], Worded] = field(default_factory=dict)

    def batch(self, session: Session, most: int) -> Batch:
        due = outbox.next_due(now=self.now, channels=[self.channel]).limit(most)
        deliveries = _one_each(session.scalars(due.with_for_update(skip_locked=True)))
        self.picked = [delivery.id for delivery in deliveries]
        letters = letters_for(deliveries, self.channel, self.head, now=self.now, policy=self.policy)
        made = [self._written(delivery, letters[delivery.id]) for delivery in deliveries]
        ready = [one for one in made if isinstance(one, _Ready)]
        done = [Done(one, self.channel) for one in made if isinstance(one, Step)]
        if not ready:
            return Batch(done=done)
        if self.channel is Channel.IN_APP:
            self._put_up(session, ready)
            return Batch(done=[*done, *(Done(Step.SENT, self.channel) for _ in ready)])
        return Batch(self._armed(session, ready), done)

    def _written(self, delivery: ReminderDelivery, letter: Letter | HoldReason) -> _Ready | Step:
        if not isinstance(letter, Letter):
            return hold(delivery, letter, self.now)
        if letter.quiet is not None:
            awake = rules.outside_quiet_hours(self.now, letter.quiet.tz, letter.quiet.policy)
            if awake > self.now:
                return self._wait_for_morning(delivery, awake)
        try:
            message, wording_id = self._message(delivery, letter)
        except NotNeutral:
            log.error("a message would not be neutral and was held", extra={"item_id": delivery.id})  # noqa: TRY400
            return hold(delivery, HoldReason.NOT_NEUTRAL, self.now)
        stop_url = self.head.stop_link(delivery.id) if letter.can_be_stopped else ""
        return _Ready(
            delivery,
            Outgoing(delivery.id, letter.to, message.subject, message.text, stop_url),
            {
                "id": delivery.id,
                "tells": [start.isoformat() for start in letter.tells],
                "wording_id": wording_id,
                "language": letter.language,
                "tried_at": self.now,
            },
        )

    def _message(self, delivery: ReminderDelivery, letter: Letter) -> tuple[rules.Message, int | None]:
        """Return what a message says and by which wording.

        Written words that would tell something at the reader's own site give way to the built-in ones: who
        wrote them may be of another site, and knows none of its names.

        Raises:
            NotNeutral: the built-in words would tell something too.
        """
        purpose = DeliveryPurpose(delivery.purpose)
        link = {"link": self.head.link(delivery.id)} if letter.can_be_stopped else {}
        worded = self._worded(purpose, letter.language)
        neutral = partial(
            rules.neutral_message,
            values={**link, **letter.values},
            called=letter.called,
            private_names=letter.private_names,
        )
        try:
            return neutral(worded.wording), worded.wording_id
        except NotNeutral:
            return neutral(built_in(purpose, self.channel, letter.language)), None

    def _worded(self, purpose: DeliveryPurpose, language: str) -> Worded:
        """Return the words to use now, read once a batch."""
        key = purpose, language
        if key not in self._wordings:
            self._wordings[key] = current_wording(purpose, self.channel, language)
        return self._wordings[key]

    def _wait_for_morning(self, delivery: ReminderDelivery, awake: datetime) -> Step:
        if awake >= delivery.expires_at:
            return hold(delivery, HoldReason.QUIET_HOURS, self.now)
        delivery.next_try_at = awake
        return Step.POSTPONED

    def _put_up(self, session: Session, ready: Sequence[_Ready]) -> None:
        """Show messages in the clients' own lists: nothing leaves, so nothing can go wrong in between."""
        sent = {"state": DeliveryState.SENT, "reason": ""}
        session.execute(update(ReminderDelivery), [one.kept | sent for one in ready])
        note_all(AuditKind.REMINDER_SENT, [one.delivery for one in ready], self.now)

    def _armed(self, session: Session, ready: Sequence[_Ready]) -> list[Armed]:
        token = str(uuid4())
        held = {"state": DeliveryState.ATTEMPTING, "token": token, "lease_until": self.now + LEASE}
        armed = [
            Armed(
                one.delivery.id,
                self.channel,
                token,
                one.delivery.attempts + 1,
                one.outgoing,
                self.head.text_hash(one.outgoing.to, one.outgoing.text),
            )
            for one in ready
        ]
        session.execute(
            update(ReminderDelivery),
            [one.kept | held | {"attempts": this.number} for one, this in zip(ready, armed, strict=True)],
        )
        begun = [started(one, self.now) for one in armed[: self.begins]]
        session.execute(insert(ReminderAttempt), begun)
        return armed


def _one_each(due: Iterable[ReminderDelivery]) -> list[ReminderDelivery]:
    """Return the first message to each reader: what becomes of it may change what the next one says."""
    first: dict[tuple[int | None, int | None], ReminderDelivery] = {}
    for delivery in due:
        first.setdefault((delivery.client_id, delivery.user_id), delivery)
    return list(first.values())
