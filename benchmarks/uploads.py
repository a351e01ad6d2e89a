"""Time and memory of reading uploads as the page does, each in a process that can be ended.

    python -m benchmarks.uploads                 # the collection in tests/data/ics, and hostile files
    python -m benchmarks.uploads --folder DIR    # other .ics files, and hostile files

Every file must get an answer within 8 seconds and 512 MB; exit status 1 when one does not. A process that
the system ended at its bound of memory has had no more than that.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from iop_schedule.adapters.ical_upload import UploadSummary, UploadWindow, read_upload

COLLECTION = Path(__file__).resolve().parent.parent / "tests" / "data" / "ics"
WINDOW = UploadWindow("America/New_York", date(2026, 9, 7), date(2027, 3, 7), all_day_is_busy=True)
LONGEST_SECONDS, MOST_MEGABYTES = 8.0, 512


def calendar(*entries: str, head: str = "") -> bytes:
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\n{entry}\r\nEND:VEVENT\r\n" for n, entry in enumerate(entries)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{head}{events}END:VCALENDAR\r\n".encode()


def repeated(rule: str, start: str = "20260907T070000") -> bytes:
    return calendar(f"DTSTART:{start}\r\nDURATION:PT1H\r\n{rule}")


def zone(rule: str) -> str:
    lines = ["BEGIN:VTIMEZONE", "TZID:X", "BEGIN:STANDARD", "DTSTART:19000101T000000", f"RRULE:{rule}"]
    lines += ["TZOFFSETFROM:-0500", "TZOFFSETTO:-0500", "END:STANDARD", "END:VTIMEZONE", ""]
    return "\r\n".join(lines)


def listed(limit: int) -> str:
    return ",".join(str(number) for number in range(limit))


def hostile() -> Iterator[tuple[str, bytes]]:
    """Yield what is meant to hurt, by name."""
    one = "DTSTART;TZID=X:20260909T120000\r\nDURATION:PT1H"
    yield "secondly", repeated("RRULE:FREQ=SECONDLY")
    yield "minutely since 1900", repeated("RRULE:FREQ=MINUTELY", "19000101T000000")
    yield "hourly since year 1", repeated("RRULE:FREQ=HOURLY", "00010101T000000")
    yield "interval 0", repeated("RRULE:FREQ=DAILY;INTERVAL=0")
    yield "never on a day", repeated("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    lists = f"BYHOUR={listed(24)};BYMINUTE={listed(60)};BYSECOND={listed(60)}"
    yield "24 x 60 x 60", repeated(f"RRULE:FREQ=WEEKLY;{lists}")
    yield "rule and its exception", repeated("RRULE:FREQ=DAILY\r\nEXRULE:FREQ=DAILY")
    yield (
        "2,000 daily since 1970",
        calendar(*["DTSTART:19700101T120000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY"] * 2000),
    )
    yield "zone, secondly", calendar(one, head=zone("FREQ=SECONDLY"))
    yield "zone, minutely", calendar(one, head=zone("FREQ=MINUTELY"))
    yield "zone outside the folder", calendar(one.replace("=X", "=../../../../etc/passwd"))
    yield "50,000 entries", calendar(*["DTSTART:20260909T120000\r\nDTEND:20260909T130000"] * 50_000)
    yield "1,900 entries", calendar(*["DTSTART:20260909T120000\r\nDTEND:20260909T130000"] * 1_900)
    yield "a million categories", calendar(f"{one}\r\nCATEGORIES:" + "a," * 500_000)
    yield "100,000 x-lines", calendar("\r\n".join([one, *["X-A:1"] * 100_000]))
    yield "nested 100,000 deep", b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 100_000
    yield "one line of a megabyte", b"BEGIN:VCALENDAR\r\nX:" + b"y" * (1 << 20)
    yield "folded 300,000 times", b"BEGIN:VCALENDAR\r\nX:a\r\n" + b" \r\n" * 300_000
    yield "nul", calendar(one).replace(b"UID:0", b"UID:\x00")
    yield "utf-16", calendar(one).decode().encode("utf-16")
    yield "latin letters", calendar(one + "\r\nSUMMARY:caf").replace(b"caf", b"caf\xe9")
    yield "every byte", calendar(one).replace(b"UID:0", b"UID:" + bytes(range(1, 256)))
    yield "lone carriage returns", calendar(one).replace(b"\r\n", b"\r")
    yield "100 MB", b"BEGIN:VCALENDAR\r\n" + b" " * (100 << 20)


def megabytes() -> float:
    """Return the most memory that any process that read a file has had so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def said(summary: UploadSummary) -> str:
    parts = [f"{len(summary.intervals)} busy"] if summary.intervals else []
    parts += [str(problem) for problem in summary.problems]
    parts += [f"{one.entries} {one.reason}" for one in summary.skipped]
    return ", ".join(parts) or "nothing busy"


def measure(name: str, data: bytes, *, quiet: bool) -> float:
    began = time.perf_counter()
    summary = read_upload(data, WINDOW)
    taken = time.perf_counter() - began
    if not quiet or taken > LONGEST_SECONDS:
        print(f"{name:<26}{len(data):>12,} bytes{taken:>7.2f} s  {said(summary)}", flush=True)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=COLLECTION)
    options = parser.parse_args()
    files = sorted(options.folder.glob("**/*.ics"))
    times = [measure(path.name, path.read_bytes(), quiet=True) for path in files]
    print(
        f"{len(files)} files of the collection: at most {max(times, default=0):.2f} s, {megabytes():.0f} MB"
    )
    cruel = [measure(name, data, quiet=False) for name, data in hostile()]
    print(f"{len(cruel)} hostile files: at most {max(cruel):.2f} s, {megabytes():.0f} MB")
    # Ending a process from outside takes a moment on top of its eight seconds.
    slow = max(times + cruel) > LONGEST_SECONDS + 0.5
    sys.exit(1 if slow or megabytes() > MOST_MEGABYTES else 0)


if __name__ == "__main__":
    main()
