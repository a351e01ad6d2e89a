"""How long a program's report and a try of other settings take, and how much they read, as the program grows.

    python -m benchmarks.reports                     # 60 clients, SQLite and PostgreSQL
    python -m benchmarks.reports --clients 1000
    python -m benchmarks.reports --database sqlite --clients 60

Every client has a year of three sessions a week, as in `benchmarks.caseload`. The report is about the last
twelve program weeks. Times are of making it, without drawing; a page waits for it up to the number of roster
entries in `queries/engagement/program.py`, and has it made in the background beyond that.
"""

import argparse
import sys
import time
from collections.abc import Callable

from sqlalchemy import select

from benchmarks.caseload import NOW, application
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.engagement.program_report import program_sections
from iop_schedule.domain.engagement.settings_report import Asked, history_result
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.models import Program, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.engagement.history import program_history
from iop_schedule.queries.engagement.program import READ_AT_ONCE, Span, program_facts, sessions_in
from tests.pages import counted_statements

ASKED = Asked(threshold=3.8, prior_mean=0.8, prior_strength=5.5, weekly_discount=0.7, budget=5.0, weeks=52)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, action="append")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    chosen = parser.parse_args(arguments)
    print("| database | clients | what | wall s | processor s | statements |")
    print("|---|---:|---|---:|---:|---:|")
    for database in chosen.database or ["sqlite", "postgresql"]:
        for clients in chosen.clients or [60]:
            with application(database, clients):
                measure(database, clients)
    return 0


def measure(database: str, clients: int) -> None:
    actor = actor_for(db.session.scalars(select(User).where(User.email == "dev@example.org")).unique().one())
    program = db.session.scalars(select(Program.id)).one()
    span = Span(ProgramWeek.containing(actor.today(NOW)).shifted(-12), 12)
    policy = MonitorPolicy()
    read = sessions_in(actor, program, span)
    more = "more than " if read > READ_AT_ONCE else ""
    words = f"report, {more}{min(read, READ_AT_ONCE):,} roster entries"
    _row(
        database,
        clients,
        words,
        lambda: program_sections(program_facts(actor, program, span, policy=policy, now=NOW)),
    )
    past = program_history(actor, program, weeks=52, policy=policy, now=NOW)
    sessions = sum(len(care.rows) for care in past)
    _row(
        database,
        clients,
        "reading a year",
        lambda: program_history(actor, program, weeks=52, policy=policy, now=NOW),
    )
    words = f"trying settings on {sessions:,} sessions"
    _row(database, clients, words, lambda: history_result(past, asked=ASKED, current=policy))


def _row(database: str, clients: int, words: str, work: Callable[[], object]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    with counted_statements() as statements:
        work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"| {database} | {clients:,} | {words} | {wall:.2f} | {processor:.2f} | {len(statements)} |",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
