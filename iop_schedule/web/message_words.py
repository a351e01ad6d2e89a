"""What pages call channels, purposes, evidence and the reasons why a message was held."""

from iop_schedule.queries.reminded import BOOKED_LATE, NOT_YET
from iop_schedule.vocabulary import Channel, ConsentPurpose, DeliveryPurpose, Evidence, HoldReason
from iop_schedule.web.security import settings

CHANNELS = {Channel.EMAIL: "Email", Channel.SMS: "Text message", Channel.IN_APP: "In the app"}

CONSENTS = {
    ConsentPurpose.REMINDERS: "A reminder before each day, and what changes",
    ConsentPurpose.WEEKLY: "My times for next week, on Friday",
    ConsentPurpose.MISSED: "A word after a day I missed",
    ConsentPurpose.CONTACT: "A word when someone would like to hear from me",
}

PURPOSES = {
    DeliveryPurpose.REMINDER: "Reminder",
    DeliveryPurpose.CHANGED: "Change",
    DeliveryPurpose.CANCELLED: "Cancellation",
    DeliveryPurpose.DIGEST: "Next week",
    DeliveryPurpose.MISSED: "We missed you",
    DeliveryPurpose.CONTACT: "Please call us",
    DeliveryPurpose.NEWS: "Something new",
    DeliveryPurpose.CODE: "Code",
    DeliveryPurpose.SHEETS: "Sheets to finish",
    DeliveryPurpose.OUTREACH: "People to reach",
    DeliveryPurpose.CASELOAD: "Caseload in numbers",
}

EVIDENCE = {
    Evidence.ONLINE: "online, by themself",
    Evidence.PAPER: "on a signed paper",
    Evidence.SPOKEN: "in person or by phone",
    Evidence.RECORDS: "in the records taken over",
    Evidence.CODE: "with a code",
    Evidence.REPLY: "by answering a message",
    Evidence.LINK: "with the link in a message",
    Evidence.PROVIDER: "at the provider",
}

#: Why there was no message, and what to do about it.
REASONS: dict[str, tuple[str, str]] = {
    HoldReason.NO_CONSENT: ("Has not agreed", "Ask whether they want reminders."),
    HoldReason.OPTED_OUT: ("Wants none any more", "Respect it; call if you need to."),
    HoldReason.NO_ADDRESS: ("No address entered", "Ask for one."),
    HoldReason.NOT_VERIFIED: ("Address not confirmed", "Send a code, or confirm it with them."),
    HoldReason.BOUNCED: ("Address takes no messages", "Ask for a new one."),
    HoldReason.NOT_ENROLLED: ("Not in care on that day", "Check the enrollment."),
    HoldReason.STALE: ("Too late to be of use", "Call them."),
    HoldReason.QUIET_HOURS: ("Only quiet hours were left", "Call them."),
    HoldReason.NOT_NEUTRAL: ("The wording was not neutral", "Ask an administrator to change it."),
    HoldReason.REFUSED: ("Refused by the provider", "Check the address."),
    HoldReason.TOO_MANY_TRIES: ("Refused too often", "Check the address, or call them."),
    HoldReason.UNKNOWN: ("Nobody knows whether it arrived", "Call them if it matters."),
    HoldReason.SUPERSEDED: ("The time changed", ""),
    HoldReason.NO_SESSION: ("No session left", ""),
    HoldReason.CANNOT_COME: ("They told us they cannot come", ""),
    HoldReason.CAME_SINCE: ("They came since", ""),
    HoldReason.NOTHING_LEFT: ("Nothing left to say", ""),
    BOOKED_LATE: ("Booked after reminders went out", "They were told when it was booked."),
    NOT_YET: ("Not due yet", ""),
}


def channels_set_up() -> list[Channel]:
    """Return the channels clients can be written to over in this deployment."""
    return [Channel.EMAIL, Channel.SMS] if settings().sms_url else [Channel.EMAIL]


def reason_words(reason: str) -> str:
    """Return the words for a reason; nothing for none."""
    return REASONS.get(reason, (reason.replace("_", " ").capitalize(), ""))[0] if reason else ""


def advice(reason: str) -> str:
    """Return what to do about a reason, if anything."""
    return REASONS.get(reason, ("", ""))[1]
