"""The best sets of new groups that a run found, in words, each leading to the draft of it."""

from dataclasses import dataclass

from flask import url_for

from iop_schedule.queries.placement_runs import RunView
from iop_schedule.web.placement_words import span
from iop_schedule.web.presenting import DAY_NAMES, count, listed


@dataclass(frozen=True, slots=True)
class OpeningSet:
    """One, two or three groups that would serve most people together."""

    title: str
    #: Words of each group and the address at which it is a draft.
    groups: tuple[tuple[str, str], ...]
    placed: str
    is_proved: bool
    #: Serves nobody whom fewer groups would not.
    is_no_more: bool = False


def opening_sets(view: RunView) -> list[OpeningSet]:
    """Return what a run about new groups found; [] for other runs."""
    sets = view.line.summary.get("openings", ())
    return [
        OpeningSet(
            title=f"The best {('one', 'two', 'three')[size]}",
            groups=tuple(_group(one, view.program_id) for one in found["groups"]),
            placed=count(found["placed"], "person would reach their hours", "people would reach their hours"),
            is_proved=found["proved"],
            is_no_more=size > 0 and found["groups"] == sets[size - 1]["groups"],
        )
        for size, found in enumerate(sets)
    ]


def _group(given: dict[str, object], program_id: int) -> tuple[str, str]:
    days = [int(day) for day in given["days"]]  # type: ignore[attr-defined]
    start, minutes = int(str(given["start_minute"])), int(str(given["minutes"]))
    words = f"{listed(DAY_NAMES[day] for day in days)}, {span(start, start + minutes)}"
    address = url_for(
        "what_if.page",
        program_id=program_id,
        days=days,
        start=f"{start // 60:02d}:{start % 60:02d}",
        minutes=minutes,
        break_minutes=given["break_minutes"],
        seats=given["seats"],
        service_type=given["service_type"],
        modality="in_person",
        room_id=0,
        leader_id=0,
    )
    return words, address
