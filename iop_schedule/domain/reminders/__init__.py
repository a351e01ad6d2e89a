"""Which reminder is due for whom, when it may be sent, and the neutral words it is made of.

One nudge per client and day, on the evening before, never in quiet hours, never when it has become
useless. That somebody comes here is itself confidential: the text names a day and a time, nothing else.
"""

from iop_schedule.domain.reminders.facts import ClientDay, Expected
from iop_schedule.domain.reminders.outbox import (
    Changes,
    Delivery,
    Nudge,
    changes,
    nudge_for,
    reason_to_hold,
    told_so_far,
)
from iop_schedule.domain.reminders.timing import (
    DEFAULT_POLICY,
    NudgePolicy,
    due_at,
    expires_at,
    outside_quiet_hours,
    wait_before_retry,
)
from iop_schedule.domain.reminders.wording import (
    SUBJECT,
    Message,
    NotNeutral,
    neutral_message,
    telling_words,
)

__all__ = [
    "DEFAULT_POLICY",
    "SUBJECT",
    "Changes",
    "ClientDay",
    "Delivery",
    "Expected",
    "Message",
    "NotNeutral",
    "Nudge",
    "NudgePolicy",
    "changes",
    "due_at",
    "expires_at",
    "neutral_message",
    "nudge_for",
    "outside_quiet_hours",
    "reason_to_hold",
    "telling_words",
    "told_so_far",
    "wait_before_retry",
]
