"""Whether the monitor treats people alike, whoever they are."""

from collections import defaultdict
from collections.abc import Hashable, Iterable

from iop_schedule.domain.engagement import measures
from iop_schedule.domain.engagement.measures import SMALLEST_CELL, Rate
from iop_schedule.domain.engagement.program_facts import ProgramFacts
from iop_schedule.domain.engagement.sections import NOTHING, TOO_FEW, Section, percent
from iop_schedule.domain.engagement.trying import Tried, by_subgroup

Found = tuple[Tried, frozenset[Hashable]]


def fairness(facts: ProgramFacts) -> Section:
    """Return attendance, false alerts and departures without an alert for each subgroup."""
    rates = measures.attendance_by(
        (word, s.person, s.state) for s in facts.seen for word in facts.subgroups.get(s.person, ())
    )
    tried = by_subgroup(facts.care, facts.policy)
    kinds: dict[str, dict[str, Rate]] = defaultdict(dict)
    for word in sorted(rates):
        kinds[facts.subgroup_kinds.get(word, "")][word] = rates[word]
    rows = [
        (f"{kind}: {word}", *_cells(rate, tried.get(word)))
        for kind in sorted(kinds)
        for word, rate in measures.for_export(kinds[kind]).items()
    ]
    return Section(
        key="fairness",
        title="Fairness",
        finding=_words(found[0] for found in tried.values() if len(found[1]) >= SMALLEST_CELL),
        columns=("Subgroup", "Attended", "False alerts per 100 client-weeks", "Departures without an alert"),
        rows=tuple(rows),
        formula=(
            "No formula knows anything about a person but their sessions; this looks whether it treats "
            "people alike all the same. False: an alert for someone who came again. Without an alert: the "
            "person left and no alert came before it was plain. Small subgroups vary by chance."
        ),
    )


def _cells(rate: Rate | None, found: Found | None) -> tuple[str, str, str]:
    if rate is None:
        return TOO_FEW, NOTHING, NOTHING
    if found is None or len(found[1]) < SMALLEST_CELL:
        return percent(rate.share), TOO_FEW, NOTHING
    tried = found[0]
    false = tried.false_per_100_client_weeks
    missed = f"{tried.departures - tried.seen} of {tried.departures}"
    return (
        percent(rate.share),
        NOTHING if false is None else f"{false:.1f}",
        missed if tried.departures >= SMALLEST_CELL else TOO_FEW,
    )


def _words(found: Iterable[Tried]) -> str:
    rates = [rate for one in found if (rate := one.false_per_100_client_weeks) is not None]
    if not rates:
        return "Too few people to compare subgroups."
    low, high = min(rates), max(rates)
    return f"False alerts range from {low:.1f} to {high:.1f} per 100 client-weeks across subgroups."
