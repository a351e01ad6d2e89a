"""Text that is safe to write into a calendar: nothing invisible, nothing that reverses, not too long."""

import re
import unicodedata

from icalendar.prop import vText

SUMMARY_LIMIT = 120
LOCATION_LIMIT = 200
_CUT_MARK = "…"

_LINE_ENDS = re.compile("\r\n|\r")
_BLANKS = re.compile("[\t\v\f\u0085\u2028\u2029]")
#: C0 controls but the line feed, DEL and C1 controls, direction marks and overrides, the byte order
#: mark, interlinear marks, and halves of surrogate pairs, which no encoder accepts.
_UNWANTED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def clean_text(text: str, *, limit: int) -> str:
    r"""Return `text` in composed form without control characters, at most `limit` characters.

    Line feeds stay. Text that had to be cut ends with “…”. Cleaning clean text changes nothing.

    >>> clean_text("Room 2\r\nback\x00door", limit=20)
    'Room 2\nbackdoor'
    """
    return _cut(_visible(text).strip(), limit)


def clean_line(text: str, *, limit: int) -> str:
    r"""Return `text` cleaned and on one line; runs of blanks become one space.

    >>> clean_line("  Main St.\n  Suite 5 ", limit=200)
    'Main St. Suite 5'
    """
    return _cut(" ".join(_visible(text).split()), limit)


class _ExactText(vText):
    r"""A TEXT value that escapes what must be escaped and nothing else.

    The library's own also turns a backslash before a capital N into a line break: “C:\Notes”.
    """

    def to_ical(self) -> bytes:
        """Return the value as it stands in a content line, before folding."""
        escaped = self.replace("\\", r"\\").replace(";", r"\;").replace(",", r"\,").replace("\n", r"\n")
        return escaped.encode()


def text(cleaned: str) -> vText:
    """Return cleaned text as a property value."""
    return _ExactText(cleaned)


def _visible(text: str) -> str:
    lines = _LINE_ENDS.sub("\n", text)
    kept = _UNWANTED.sub("", _BLANKS.sub(" ", lines))
    return unicodedata.normalize("NFC", kept)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return text[: limit - len(_CUT_MARK)].rstrip() + _CUT_MARK
