"""The door to calendar files we write: feeds, downloads, and the parts invitations are made of."""

from iop_schedule.adapters.ical.clean import clean_line, clean_text
from iop_schedule.adapters.ical.feed import (
    CANCELLED_PREFIX,
    NEUTRAL_SUMMARY,
    CalendarEntry,
    calendar_bytes,
    feed_uid,
    strong_etag,
    uid_key,
)

__all__ = [
    "CANCELLED_PREFIX",
    "NEUTRAL_SUMMARY",
    "CalendarEntry",
    "calendar_bytes",
    "clean_line",
    "clean_text",
    "feed_uid",
    "strong_etag",
    "uid_key",
]
