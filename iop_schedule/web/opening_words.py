"""The best sets of new groups that a run found, in words, each leading to the draft of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from iop_schedule.domain.civil_time import DAY_NAMES
from iop_schedule.queries.placement_openings import OpeningNames
from iop_schedule.queries.placement_runs import RunView
from iop_schedule.vocabulary import GroupGender, Modality, ServiceType
from iop_schedule.web.forms.programs import MODALITY_WORDS, SERVICE_WORDS
from iop_schedule.web.presenting import count, hours, listed, span

_AS_MANY = ("one usual group takes", "two usual groups take", "three usual groups take")


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """One group that could be opened."""

    when: str
    #: What it is, who could lead it and where.
    what: str
    #: Where it is a draft, with every field filled in.
    address: str


@dataclass(frozen=True, slots=True)
class OpeningSet:
    """The groups that together would serve most people for so much of a counselor's week."""

    title: str
    groups: tuple[OpeningLine, ...]
    placed: str
    is_proved: bool
    #: Serves nobody whom less time would not.
    is_no_more: bool = False


def opening_sets(view: RunView, names: OpeningNames) -> list[OpeningSet]:
    """Return what a run about new groups found; [] for other runs."""
    sets: Sequence[Mapping[str, Any]] = view.line.summary.get("openings", ())
    return [
        OpeningSet(
            title=_title(found, size),
            groups=tuple(_line(one, view.program_id, names) for one in found["groups"]),
            placed=count(found["placed"], "person would reach their hours", "people would reach their hours"),
            is_proved=found["proved"],
            is_no_more=size > 0 and found["groups"] == sets[size - 1]["groups"],
        )
        for size, found in enumerate(sets)
    ]


def _title(found: Mapping[str, Any], size: int) -> str:
    if "budget_minutes" not in found:  # a run from before counselors' time was counted
        return f"The best {('one', 'two', 'three')[size]}"
    return f"For {hours(found['budget_minutes'])} counselor hours a week: as many as {_AS_MANY[size]}"


def _line(given: Mapping[str, Any], program_id: int, names: OpeningNames) -> OpeningLine:
    start, minutes = given["start_minute"], given["minutes"]
    modality, language = given.get("modality", Modality.IN_PERSON), given.get("language", "en")
    room_id, leader_id = given.get("room_id", 0), given.get("leader_id", 0)
    what = [
        SERVICE_WORDS[ServiceType(given["service_type"])],
        *([MODALITY_WORDS[Modality.TELEHEALTH].lower()] if modality == Modality.TELEHEALTH else []),
        *([f"in {language_words(language)}"] if language != "en" else []),
        names.leaders.get(leader_id, ""),
        names.rooms.get(room_id, ""),
    ]
    address = url_for(
        "what_if.page", program_id=program_id, days=list(given["days"]),
        start=f"{start // 60:02d}:{start % 60:02d}", minutes=minutes, break_minutes=given["break_minutes"],
        seats=given["seats"], service_type=given["service_type"], modality=modality, language=language,
        gender=GroupGender.ANY, room_id=room_id, leader_id=leader_id,
    )  # fmt: skip
    return OpeningLine(
        when=f"{listed(DAY_NAMES[day] for day in given['days'])}, {span(start, start + minutes)}",
        what=", ".join(part for part in what if part),
        address=address,
    )


def language_words(code: str) -> str:
    """Return what a language is called, or its code."""
    return {"en": "English", "es": "Spanish"}.get(code, code)
