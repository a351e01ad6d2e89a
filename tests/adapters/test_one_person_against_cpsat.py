"""One person's best week is as good as what an independent CP-SAT model finds.

Two dozen people here; `make oracle` asks about a thousand.
"""

import os

import pytest

from benchmarks.placement_instances import Name, instance
from iop_schedule.domain.placement import best_weeks
from tests.adapters.cpsat_week import SCALE, best_points

#: People to ask about, spread over instances of several kinds.
PEOPLE = int(os.environ.get("PLACEMENT_ORACLE_PEOPLE", "24"))
KINDS = (
    Name("M", "normal", 11), Name("M", "crowded", 12), Name("M", "normal", 13, tracks=0.6),
    Name("M", "normal", 14),
)  # fmt: skip


@pytest.mark.parametrize("name", KINDS, ids=str)
def test_the_best_week_is_what_an_independent_model_finds(name: Name) -> None:
    problem = instance(name)
    for client in problem.clients[: max(1, PEOPLE // len(KINDS))]:
        found = best_weeks(problem, client.id, count=1)
        own = found[0].points * SCALE if found else None
        assert own == best_points(problem, client), client.id
