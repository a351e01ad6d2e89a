"""What settings of the monitor would have done in a program's past, beside those in force and fitted ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from iop_schedule.domain.engagement.sections import NOTHING, Chart, ChartKind, Point, Section
from iop_schedule.domain.engagement.thumb_rules import THUMB_RULES
from iop_schedule.domain.engagement.trying import PastCare, Tried, try_policy, try_rule
from iop_schedule.domain.risk.estimate import LEAST_CLIENTS, LEAST_SESSIONS, Calibration, calibrate
from iop_schedule.domain.risk.policy import MonitorPolicy

#: Thresholds tried beside the one asked for.
THRESHOLDS = (2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to try, on how many weeks."""

    threshold: float
    prior_mean: float
    prior_strength: float
    weekly_discount: float
    #: False alerts per 100 client-weeks for the settings that would fit this history.
    budget: float
    weeks: int

    def policy(self, current: MonitorPolicy) -> MonitorPolicy:
        """Return the settings to try: those in force with these numbers instead."""
        return replace(
            current,
            version="tried",
            threshold=self.threshold,
            prior_mean=self.prior_mean,
            prior_strength=self.prior_strength,
            weekly_discount=self.weekly_discount,
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values to store."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Asked":
        """Return stored values; others beside them are passed over."""
        return cls(**{name: stored[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class HistoryResult:
    """The sentence about the settings asked for, and the comparison with others."""

    sentence: str
    sections: tuple[Section, ...]
    #: What fits the history, by the policy's own names; for putting it in force.
    fitted: dict[str, float]


def history_result(
    past: Sequence[PastCare],
    *,
    asked: Asked,
    current: MonitorPolicy,
    progress: Callable[[int], None] = lambda _: None,
) -> HistoryResult:
    """Return what the settings asked for would have done on `past`, and others beside them."""
    tried_policy = asked.policy(current)
    fitted = calibrate([care.rows for care in past], policy=current, budget=asked.budget)
    settings: list[tuple[str, MonitorPolicy]] = [
        ("Asked for", tried_policy),
        ("In force now", current),
        (f"Fitted to {asked.budget:g} false alerts", fitted.policy),
        *((f"h = {h:g}", replace(tried_policy, threshold=h)) for h in THRESHOLDS if h != asked.threshold),
    ]
    tried = []
    for number, (name, policy) in enumerate(settings):
        tried.append(_Line(name, f"{policy.threshold:g}", try_policy(past, policy)))
        progress(100 * (number + 1) // (len(settings) + 1))
    tried += [_Line(name, NOTHING, try_rule(past, rule)) for name, rule in THUMB_RULES.items()]
    progress(100)
    return HistoryResult(
        sentence=tried[0].tried.sentence,
        sections=(_compared(tried), _fitted(fitted, asked)),
        fitted={
            "threshold": fitted.policy.threshold,
            "prior_mean": round(fitted.policy.prior_mean, 4),
            "prior_strength": round(fitted.policy.prior_strength, 4),
        },
    )


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    threshold: str
    tried: Tried


def _compared(lines: Sequence[_Line]) -> Section:
    first = lines[0].tried
    points = tuple(
        Point(line.name, line.tried.seen / line.tried.departures) for line in lines if line.tried.departures
    )
    return Section(
        key="settings",
        title="Settings compared",
        finding=first.sentence,
        columns=(
            "Setting or rule",
            "h",
            "Alerts a week",
            "False alerts per 100 client-weeks",
            "Departures seen",
            "Days earlier (median)",
        ),
        rows=tuple((line.name, line.threshold, *_cells(line.tried)) for line in lines),
        formula=(
            "Everyone's sessions are taken through the monitor in order. A departure: at least two expected "
            "sessions missed after the last one attended, then the end of the episode or four weeks without "
            "coming. Seen: an alert before that end, or before the four weeks were over; earlier by the days "
            "between. False: an alert for someone who came again. Alerts of the CHANGE channel only. The "
            "last rows are rules of thumb on the same sessions, quiet for two weeks after an alert, too."
        ),
        chart=Chart(ChartKind.BARS, "Setting", "Departures seen", points) if points else None,
    )


def _cells(one: Tried) -> tuple[str, ...]:
    return (
        _one_decimal(one.alerts_a_week),
        _one_decimal(one.false_per_100_client_weeks),
        f"{one.seen} of {one.departures}" if one.departures else NOTHING,
        _one_decimal(one.median_days_earlier),
    )


def _fitted(found: Calibration, asked: Asked) -> Section:
    policy = found.policy
    if found.prior is None:
        finding = f"Fewer than {LEAST_CLIENTS} people with {LEAST_SESSIONS} sessions: mu and strength stay."
    else:
        finding = f"Fitted to {found.prior.clients} people of this program."
        if found.prior.is_at_limit:
            finding += " They differ no more than chance, so strength is at its limit."
    if not found.within_budget:
        finding += f" The budget of {asked.budget:g} is not reached even at the highest threshold."
    return Section(
        key="fitted",
        title="What fits this history",
        finding=finding,
        columns=("Number", "Value"),
        rows=(
            ("mu, usual attendance", f"{policy.prior_mean:.4f}"),
            ("strength, sessions it is worth", f"{policy.prior_strength:.4f}"),
            ("h, threshold of an alert", f"{policy.threshold:.2f}"),
            (
                "False alerts per 100 client-weeks with them",
                f"{found.false_alerts.per_100_client_weeks:.2f}",
            ),
        ),
        formula=(
            "mu and strength: beta-binomial maximum likelihood over every session expected of people with at "
            f"least {LEAST_SESSIONS}. h: the lowest threshold, in hundredths, within the budget; an alert is "
            "false when the person came again, so what follows the last session attended is left out of both."
        ),
    )


def _one_decimal(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}"
