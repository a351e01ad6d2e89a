"""Every figure of the engagement monitor: speed and growth, simulated changes, real trial attendance.

    python -m benchmarks.engagement [ATTENDANCE.csv]

The trial file may also come from the environment variable CTN0094; without it that part is left out.
"""

import os
import sys
from pathlib import Path

from benchmarks import engagement_replay, engagement_simulation, engagement_trial


def main(trial: str | None) -> None:
    print("## Replay\n")
    print(engagement_replay.table())
    print("\n## Simulated changes\n")
    print(engagement_simulation.table())
    if trial:
        print("## Who is about to disappear\n")
        print(engagement_trial.table(Path(trial)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CTN0094"))
