"""How the program runs: seats used, and how well its records are kept."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import time

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.engagement import measures
from iop_schedule.domain.engagement.measures import Rate
from iop_schedule.domain.engagement.program_facts import ProgramFacts
from iop_schedule.domain.engagement.sections import NOTHING, TOO_FEW, Section, bars, percent

_NOON = 12


def capacity(facts: ProgramFacts) -> Section:
    """Return seats filled by group and hour."""
    used = measures.capacity_used(((h.group, h.starts), h.use) for h in facts.held)
    shown = measures.for_export({key: used[key] for key in sorted(used)})
    named = {f"{group}, {_clock(starts)}": rate for (group, starts), rate in shown.items()}
    return Section(
        key="capacity",
        title="Seats used",
        finding=_capacity_words(named, measures.capacity_used(("all", h.use) for h in facts.held).get("all")),
        columns=("Group and hour", "Seat-hours filled", "Seat-hours offered", "Filled", "Recorded"),
        rows=tuple(
            (
                name,
                *(
                    (
                        f"{rate.part / 60:.0f}",
                        f"{rate.whole / 60:.0f}",
                        percent(rate.share),
                        percent(rate.completeness),
                    )
                    if rate
                    else (TOO_FEW, NOTHING, NOTHING, NOTHING)
                ),
            )
            for name, rate in named.items()
        ),
        formula=(
            "Treatment minutes of each group session held and recorded, times the people present, over the "
            "same minutes times the seats of the group. Breaks, sessions not recorded and the seats of "
            "people not recorded are left out."
        ),
        chart=bars("Group and hour", "Seats filled", named),
    )


def quality(facts: ProgramFacts) -> Section:
    """Return how much is recorded, in time and signed, by group."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for seen in facts.seen:
        for name in (seen.group, "All"):
            count = found[name]
            if seen.state is SessionState.NOT_RECORDED:
                count["missing"] += 1
            elif seen.state.in_dose:
                count["recorded"] += 1
                count["late"] += seen.in_time is False
                count["unsigned"] += seen.signed is False
    names = [*sorted(name for name in found if name != "All"), *(["All"] if found else [])]
    total = found.get("All", Counter())
    held = total["missing"] + total["recorded"]
    late = percent(total["late"] / total["recorded"] if total["recorded"] else None)
    return Section(
        key="quality",
        title="Data quality",
        finding=(
            f"{percent(total['recorded'] / held)} of sessions held are recorded, {late} of them late."
            if held
            else "No sessions were held in these weeks."
        ),
        columns=("Group", "Held", "Not recorded", "Recorded late", "Not signed"),
        rows=tuple(
            (
                name,
                str(found[name]["missing"] + found[name]["recorded"]),
                str(found[name]["missing"]),
                str(found[name]["late"]),
                str(found[name]["unsigned"]),
            )
            for name in names
        ),
        formula=(
            "Held: one person's session that was over and not canceled, closed or paused. Late: marked "
            "later than the program allows. These counts are about our records, not about people."
        ),
    )


def _capacity_words(named: Mapping[str, Rate | None], total: Rate | None) -> str:
    known = {name: rate.share for name, rate in named.items() if rate and rate.share is not None}
    if total is None or total.share is None or not known:
        return "No group sessions were recorded in these weeks."
    emptiest = min(known, key=lambda name: known[name])
    most_room = f"{emptiest} has the most room ({percent(known[emptiest])})"
    return f"{percent(total.share)} of seat-hours were filled; {most_room}."


def _clock(at: time) -> str:
    return f"{at.hour % _NOON or _NOON}:{at.minute:02} {'am' if at.hour < _NOON else 'pm'}"
