"""What a client sees of their weeks: minutes done and to go, never a rate and never a judgment."""

from collections.abc import Iterable
from dataclasses import dataclass

from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.frequency.weekly import WeeklyFrequency


@dataclass(frozen=True, slots=True)
class ClientWeek:
    """The client's own view of a week, in minutes: done, still planned, and to go to the goal."""

    week: ProgramWeek
    goal_minutes: int
    done_minutes: int
    planned_minutes: int
    #: Held, but nobody has recorded it yet; it may still be added to what is done.
    waiting_minutes: int

    @property
    def to_go_minutes(self) -> int:
        """Return what is missing to the goal, never below zero."""
        return max(0, self.goal_minutes - self.done_minutes)

    @property
    def short_minutes(self) -> int:
        """Return what would still be missing if everything planned and waiting is attended."""
        return max(0, self.to_go_minutes - self.planned_minutes - self.waiting_minutes)


def client_week(frequency: WeeklyFrequency) -> ClientWeek:
    """Return what a client sees of one week: no rate and no judgment, only minutes."""
    return ClientWeek(
        week=frequency.first_week,
        goal_minutes=frequency.prescribed_minutes,
        done_minutes=frequency.delivered_minutes,
        planned_minutes=frequency.upcoming_minutes,
        waiting_minutes=frequency.not_recorded_minutes,
    )


def weeks_goal_met(weeks: Iterable[WeeklyFrequency]) -> tuple[int, int]:
    """Return in how many weeks the goal was met, and how many weeks had a goal."""
    results = [week.goal_met for week in weeks if week.goal_met is not None]
    return sum(results), len(results)
