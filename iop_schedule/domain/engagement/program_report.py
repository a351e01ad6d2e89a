"""The report of one program: attendance, starting, staying, capacity, reminders, data quality, fairness.

Every section is made from counts of people and sessions, with those of fewer than five people left out
before anything is put into words.
"""

from collections.abc import Callable

from iop_schedule.domain.engagement import attendance_sections, care_sections, running_sections
from iop_schedule.domain.engagement.fairness import fairness
from iop_schedule.domain.engagement.program_facts import ProgramFacts
from iop_schedule.domain.engagement.sections import Section

#: In the order they are read.
_SECTIONS: tuple[Callable[[ProgramFacts], Section], ...] = (
    attendance_sections.by_week,
    attendance_sections.by_group,
    attendance_sections.by_weekday,
    care_sections.starting,
    care_sections.staying,
    running_sections.capacity,
    attendance_sections.reminders,
    running_sections.quality,
    fairness,
)


def program_sections(facts: ProgramFacts) -> tuple[Section, ...]:
    """Return the sections of a program's report."""
    return tuple(make(facts) for make in _SECTIONS)
