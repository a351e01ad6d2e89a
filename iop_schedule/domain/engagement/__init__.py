"""How a program does, and what a report says about it or about one client.

measures        rates with their completeness: starting, attendance, capacity; what may leave the program
staying         the retention curve
leaving         who left, read from the sessions
trying          settings of the monitor on the program's own past
sections        what a report is made of
program_facts   what the report of a program is made from
program_report  its sections: attendance_sections, care_sections, running_sections, fairness
client_report   the sections of one client's report
"""

from iop_schedule.domain.engagement.measures import (
    SMALLEST_CELL,
    Episode,
    Rate,
    SeatUse,
    Waits,
    attendance_by,
    capacity_used,
    continued,
    engaged,
    first_sessions_attended,
    for_export,
    initiated,
    waits,
)
from iop_schedule.domain.engagement.staying import (
    RETENTION_DAYS,
    RetentionPoint,
    Stay,
    at_risk_on,
    retained_at,
    retention,
)

__all__ = [
    "RETENTION_DAYS",
    "SMALLEST_CELL",
    "Episode",
    "Rate",
    "RetentionPoint",
    "SeatUse",
    "Stay",
    "Waits",
    "at_risk_on",
    "attendance_by",
    "capacity_used",
    "continued",
    "engaged",
    "first_sessions_attended",
    "for_export",
    "initiated",
    "retained_at",
    "retention",
    "waits",
]
