"""Time-zone names as calendar programs write them -> IANA names."""

import re
from functools import lru_cache
from zoneinfo import available_timezones

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

#: `(UTC-05:00) Eastern Time (US & Canada)`: the offset in front says less than the words after it.
_OFFSET_IN_FRONT = re.compile(r"\s*\((?:UTC|GMT)[^)]*\)\s*", re.IGNORECASE)
_AMERICAN_NAMES = {
    "eastern time (us & canada)": "America/New_York",
    "central time (us & canada)": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "arizona": "America/Phoenix",
    "pacific time (us & canada)": "America/Los_Angeles",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "indiana (east)": "America/Indiana/Indianapolis",
    "atlantic time (canada)": "America/Halifax",
}


@lru_cache(maxsize=256)
def iana_name(written: str) -> str | None:
    """Return the IANA zone that `written` means, or None.

    >>> iana_name("Pacific Standard Time"), iana_name("/mozilla.org/20050126_1/America/New_York")
    ('America/Los_Angeles', 'America/New_York')
    >>> iana_name("(GMT-05:00) Eastern Time (US & Canada)"), iana_name("../../etc/passwd")
    ('America/New_York', None)
    """
    words = _OFFSET_IN_FRONT.sub("", written.strip().strip('"')).strip()
    parts = words.strip("/").split("/")
    # Some programs put their own name in front: the longest ending that is a zone counts.
    endings = ["/".join(parts[n:]) for n in range(len(parts))] if len(parts) <= 8 else []  # noqa: PLR2004
    hyphenated = re.sub("^US-", "US/", words)
    by_table = [WINDOWS_TO_OLSON.get(words, ""), _AMERICAN_NAMES.get(words.casefold(), "")]
    candidates = [*endings, hyphenated, *by_table]
    return next((name for name in candidates if name in _known()), None)


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})
