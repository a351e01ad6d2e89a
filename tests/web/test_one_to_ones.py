"""The pages of one-to-ones for everyone: counselors' hours, and asking for a plan."""

from typing import Any

import pytest
from sqlalchemy import select

from iop_schedule.actions import placement_runs
from iop_schedule.models import PlacementRun, db
from tests.cast import Cast
from tests.conftest import NOW, Http, on_one_database

HOURS = {
    "tuesday": "9:00 am - 12:00 pm, 1:00 pm - 3 pm", "most_clients": "20", "most_in_a_row": "3", "languages": "en",
}  # fmt: skip


@pytest.fixture
def root(cast: Cast, http: Http) -> Http:
    return http.sign_in("root@example.org")


def test_hours_are_entered_and_a_plan_is_made_of_them(
    cast: Cast, root: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iop_schedule.adapters.optimizer import child

    def solved(request: dict[str, Any], **_: Any) -> dict[str, Any]:
        return child.TASKS[request["task"]](request, child.Line(quiet=True), lambda: False) | {"machine": {}}

    monkeypatch.setattr(placement_runs, "solve_apart", solved)
    assert "Enter the hours of at least one counselor first" in root.get("/placement/one-to-ones").text
    at = f"/placement/one-to-ones/{cast.carol.id}"
    assert root.submit(at, HOURS).status_code == 302
    page = root.get("/placement/one-to-ones").text
    assert "Tue: 9:00 am to 12:00 pm, 1:00 pm to 3:00 pm" in page
    form = {"program_id": cast.program.id, "cadence": "weekly", "counselor": "own", "minutes": "50",
            "from_day": "2026-03-09", "seconds": "15"}  # fmt: skip
    answer = root.submit("/placement/one-to-ones", form)
    assert answer.status_code == 302
    placement_runs.work_off(now=lambda: NOW, abandon=lambda: False)
    page = root.get(answer.location).text
    assert "1 person gets a one-to-one; 0 people get none." in page
    assert "One-to-one: Tue" in page


@on_one_database
@pytest.mark.parametrize(
    "wrong",
    [{"tuesday": "morning"}, {"tuesday": "3 pm - 1 pm"}, {"most_clients": "99"}, {"most_in_a_row": ""}],
)
def test_what_are_no_hours_is_said_beside_the_field(cast: Cast, root: Http, wrong: dict[str, str]) -> None:
    answer = root.submit(f"/placement/one-to-ones/{cast.carol.id}", HOURS | wrong)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert db.session.scalars(select(PlacementRun)).all() == []
