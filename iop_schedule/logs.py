"""One JSON line per request or event: ids, counts and templates; never names, bodies, tokens or addresses.

A line is built from the fields listed in `FIELDS` alone. What a library or a mistake adds to a record is
left out, and the text of an unexpected error is too: its kind and the places it passed through are kept,
because messages quote values.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

#: Ties the log line, the audit row and the page of one request together.
reference: ContextVar[str] = ContextVar("reference", default="")

#: What a record may add to its line with `extra=`.
FIELDS = (
    "reference",
    "method",
    "route",
    "status",
    "milliseconds",
    "actor_id",
    "tick",
    "count",
    "item_id",
    "kind",
)

#: Request lines of the servers, which hold full addresses.
SILENCED = ("werkzeug", "gunicorn.access")

#: Longest message and longest field kept.
_LONGEST = 500
_DEEPEST = 30


class OneLine(logging.Formatter):
    """Writes a record as one line of JSON, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. Control characters are escaped, so nothing in it can begin a new one."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": _message(record)[:_LONGEST],
        }
        for name in FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value if isinstance(value, int | float) else str(value)[:_LONGEST]
        line.setdefault("reference", reference.get())
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            line["places"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=True, separators=(",", ":"))


def _message(record: logging.LogRecord) -> str:
    """Return our own sentence whole; of a library's only its pattern, because it fills in values."""
    return record.getMessage() if record.name.startswith("iop_schedule") else str(record.msg)


def _places(traceback: TracebackType | None) -> list[str]:
    """Return where an error passed, innermost last, as `module:line function`; no values."""
    found = []
    while traceback is not None:
        frame = traceback.tb_frame
        module = frame.f_globals.get("__name__", "?")
        found.append(f"{module}:{traceback.tb_lineno} {frame.f_code.co_name}")
        traceback = traceback.tb_next
    return found[-_DEEPEST:]


def write_to(stream: TextIO | None = None) -> None:
    """Send every record of the process to `stream` (standard error unless given) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in SILENCED:
        logging.getLogger(name).disabled = True
