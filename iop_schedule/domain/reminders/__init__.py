"""Which message is due for whom, when it may be sent, and the neutral words it is made of.

One nudge per client and day, a list of next week's times, a word when something changes or a day was
missed; never in quiet hours, never without consent, never when it has become useless. That somebody comes
here is itself confidential: the text names days and times, nothing else.
"""

from iop_schedule.domain.reminders.facts import ClientDay, Expected, Reach
from iop_schedule.domain.reminders.occasions import (
    MissedDay,
    StaffDay,
    WeekAhead,
    WordFromStaff,
    digest_due_at,
    digest_for,
    missed_for,
    staff_digest_for,
    staff_is_due,
    word_from_staff,
)
from iop_schedule.domain.reminders.outbox import (
    Changes,
    Delivery,
    Wanted,
    changes,
    key_of,
    message_about,
    reason_to_hold,
    told_so_far,
    why_not_now,
)
from iop_schedule.domain.reminders.rendering import (
    Message,
    check_wording,
    day_values,
    fill,
    neutral_message,
    week_values,
)
from iop_schedule.domain.reminders.replies import Meaning, meaning_of
from iop_schedule.domain.reminders.segments import TextLength, text_length
from iop_schedule.domain.reminders.texts import (
    BUILT_IN,
    LANGUAGES,
    PLACEHOLDER_HINTS,
    PLACEHOLDERS,
    Wording,
    wording_for,
)
from iop_schedule.domain.reminders.timing import (
    DEFAULT_POLICY,
    NudgePolicy,
    before_quiet_hours,
    due_at,
    expires_at,
    nudge_due_at,
    outside_quiet_hours,
    wait_before_retry,
)
from iop_schedule.domain.reminders.wording import NotNeutral, telling_words

__all__ = [
    "BUILT_IN",
    "DEFAULT_POLICY",
    "LANGUAGES",
    "PLACEHOLDERS",
    "PLACEHOLDER_HINTS",
    "Changes",
    "ClientDay",
    "Delivery",
    "Expected",
    "Meaning",
    "Message",
    "MissedDay",
    "NotNeutral",
    "NudgePolicy",
    "Reach",
    "StaffDay",
    "TextLength",
    "Wanted",
    "WeekAhead",
    "WordFromStaff",
    "Wording",
    "before_quiet_hours",
    "changes",
    "check_wording",
    "day_values",
    "digest_due_at",
    "digest_for",
    "due_at",
    "expires_at",
    "fill",
    "key_of",
    "meaning_of",
    "message_about",
    "missed_for",
    "neutral_message",
    "nudge_due_at",
    "outside_quiet_hours",
    "reason_to_hold",
    "staff_digest_for",
    "staff_is_due",
    "telling_words",
    "text_length",
    "told_so_far",
    "wait_before_retry",
    "week_values",
    "why_not_now",
    "word_from_staff",
    "wording_for",
]
