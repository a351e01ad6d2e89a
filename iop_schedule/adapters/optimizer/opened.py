"""Groups that a plan would open, as they can be entered: those that differ in nothing but the day are one."""

from collections.abc import Iterable, Mapping
from typing import Any

from iop_schedule.domain.placement import Group, Plan, weeks_by_meeting


def opened_groups(
    groups: Iterable[Group], plan: Plan, rooms: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    """Return what to open, with the days on which somebody would come.

    Args:
        groups: those that are opened; the meetings of one are alike but for the day.
        plan: who would come to which.
        rooms: by group, the room that is free for it; None by video.
    """
    used = {m for choice in plan.assignments.values() for m in weeks_by_meeting(choice)}
    found: dict[tuple[Any, ...], list[int]] = {}
    for group in groups:
        first = group.meetings[0]
        alike = (
            ("start_minute", first.start),
            ("minutes", first.end - first.start),
            ("break_minutes", first.break_minutes),
            ("seats", first.seats),
            ("service_type", group.service_type),
            ("language", group.language),
            ("modality", str(group.modality)),
            ("leader_id", int(group.counselor or 0)),
            ("room_id", int(rooms[group.id] or 0)),
        )
        days = (int(meeting.weekday) for meeting in group.meetings if meeting.id in used)
        found.setdefault(alike, []).extend(days)
    return [{**dict(alike), "days": sorted(days)} for alike, days in found.items()]
