"""Run every benchmark in its short form, one after the other, each in a process of its own.

make bench                               # all of them, some minutes
python -m benchmarks calendars feeds     # only these
"""

import subprocess
import sys
import time

#: Name -> module and the arguments of its short form. Their own help says how to run the long ones.
RUNS = {
    "calendars": ("benchmarks.calendars",),
    "feed_story": ("benchmarks.feed_story", "--install"),
    "feeds": ("benchmarks.feeds",),
    "feeds_compared": ("benchmarks.feeds_compared", "--seconds", "3"),
    "importing": ("benchmarks.importing", "--database", "sqlite"),
    "engagement": ("benchmarks.engagement",),
    "make_ups": ("benchmarks.make_ups",),
    "caseload": ("benchmarks.caseload",),
    "placement": ("benchmarks.placement", "--quick"),
    "reminders": ("benchmarks.reminders",),
    "reports": ("benchmarks.reports", "--database", "sqlite"),
    "uploads": ("benchmarks.uploads",),
    "placement_page": ("benchmarks.placement_page", "--people", "60"),
    "attendance": ("benchmarks.attendance",),
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; return 1 when one of them fails."""
    unknown = set(names) - RUNS.keys()
    if unknown:
        sys.stderr.write(
            f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}.\n"
        )
        return 2
    failed = 0
    for name in names or RUNS:
        print(f"\n== {name}", flush=True)
        began = time.monotonic()
        failed |= subprocess.run([sys.executable, "-m", *RUNS[name]], check=False).returncode != 0
        print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
