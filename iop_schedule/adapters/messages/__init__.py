"""Handing messages over: mail servers, providers of text messages, the terminal, a list for tests."""

from iop_schedule.adapters.messages.bounces import LONGEST as LONGEST_BOUNCE
from iop_schedule.adapters.messages.bounces import Bounce, NotMail, read_bounces
from iop_schedule.adapters.messages.chosen import CONSOLE, Doors, doors_for
from iop_schedule.adapters.messages.contract import (
    Accepted,
    Delayed,
    Messages,
    NotSent,
    Outgoing,
    Refused,
    Unreachable,
    Unsure,
)
from iop_schedule.adapters.messages.sms import STOPPING, SmsMessages, is_signed, signature
from iop_schedule.adapters.messages.smtp import MESSAGES_PER_CONNECTION, SmtpMessages
from iop_schedule.adapters.messages.trying import ConsoleMessages, NullMessages

__all__ = [
    "CONSOLE",
    "LONGEST_BOUNCE",
    "MESSAGES_PER_CONNECTION",
    "STOPPING",
    "Accepted",
    "Bounce",
    "ConsoleMessages",
    "Delayed",
    "Doors",
    "Messages",
    "NotMail",
    "NotSent",
    "NullMessages",
    "Outgoing",
    "Refused",
    "SmsMessages",
    "SmtpMessages",
    "Unreachable",
    "Unsure",
    "doors_for",
    "is_signed",
    "read_bounces",
    "signature",
]
