"""From a client's sessions to a tier with its reasons: what a caseload page calls for each client."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from iop_schedule.domain.frequency import CareDates, SessionFact, WeeklyFrequency
from iop_schedule.domain.risk import level, rules
from iop_schedule.domain.risk.level import LevelReading
from iop_schedule.domain.risk.monitor import MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.reasons import Reason, Review, Tier, counted, day_in_words, days_in_words
from iop_schedule.domain.risk.self_report import SelfReport
from iop_schedule.domain.risk.watch import Trail, Watch, cancelled_misses, follow, rows_in_order

#: Printed wherever a tier is shown.
WHAT_A_TIER_IS = "It helps decide whom to contact; it does not predict what a person will do."


@dataclass(frozen=True, slots=True)
class ChangeReading:
    """What CHANGE says after the sessions so far."""

    #: The two sums, and where they alert.
    drop: float
    stop: float
    threshold: float
    #: Attendance the client is measured against, from 0 to 1.
    usual_share: float
    consecutive_misses: int
    #: Instant of the first session of the alert that stands; None when none does.
    alert_since: datetime | None


@dataclass(frozen=True, slots=True)
class Assessment:
    """Whom to contact and why, for one client as of one day."""

    tier: Tier
    #: Every rule that holds, the most urgent first.
    reasons: tuple[Reason, ...]
    #: Lines for a clinician; they never change the tier.
    reviews: tuple[Review, ...]
    level: LevelReading
    change: ChangeReading
    #: One paragraph: the tier, each reason, excused days, last contact, when it clears.
    summary: str
    days_without_contact: int
    as_of: date
    policy_version: str
    #: Hand back as `earlier` next time: only sessions that changed are computed again.
    trail: Trail = field(compare=False, repr=False)


def assess(
    facts: Iterable[SessionFact],
    *,
    policy: MonitorPolicy | MonitorSettings,
    now: datetime,
    today: date,
    tz: tzinfo,
    dates: CareDates,
    last_contact_on: date | None = None,
    weeks: Sequence[WeeklyFrequency] = (),
    commitments_changed_on: Sequence[date] = (),
    self_report: SelfReport | None = None,
    earlier: Trail | None = None,
) -> Assessment:
    """Return the tier of one client with every reason, from all sessions of the stay.

    `today` is the day of `now` in `tz`, the site's zone; sessions that begin later are ignored. The last
    contact is the later of `last_contact_on` (logged by staff) and the last session attended. `weeks` are
    needed for the DOSE rule only. Pass one `MonitorSettings` for a whole caseload: it shares its logarithms.
    On a pause, or outside enrollment, the client is not scored and no rule is asked.

    Source: docs/sources.md#engagement-monitor
    """
    settings = policy if isinstance(policy, MonitorSettings) else MonitorSettings(policy)
    policy = settings.policy
    admitted = dates.enrolled.from_day
    begun = sorted(
        (f for f in facts if f.starts_at <= now and f.local_day >= admitted),
        key=lambda f: (f.starts_at, f.occurrence_id),
    )
    cancelled = cancelled_misses(begun, days=policy.make_up_days)
    rows = rows_in_order(begun, cancelled, policy=policy, tz=tz)
    trail = follow(rows, settings=settings, earlier=earlier)
    situation = rules.Situation(
        policy=policy,
        today=today,
        dates=dates,
        expected=_expected(begun, cancelled),
        begun=tuple(begun),
        watch=trail.watch,
        weeks=weeks,
        last_contact_on=_last_contact(begun, last_contact_on),
        commitments_changed_on=commitments_changed_on,
        self_report=self_report,
    )
    return _assessment(situation, trail)


def _assessment(situation: rules.Situation, trail: Trail) -> Assessment:
    monitor, policy = trail.watch.monitor, situation.policy
    reading = level.reading(attended=monitor.attended, missed=monitor.missed, policy=policy)
    in_care = situation.dates.in_care(situation.today)
    found = [reason for rule in rules.RULES if in_care and (reason := rule(situation)) is not None]
    reasons = tuple(sorted(found, key=lambda reason: -reason.tier.rank))
    reviews = tuple(line for rule in rules.REVIEWS if (line := rule(situation)) is not None)
    tier = _tier(reasons, in_care=in_care, is_enough=reading.is_enough)
    return Assessment(
        tier=tier,
        reasons=reasons,
        reviews=reviews,
        level=reading,
        change=_change_reading(trail.watch, policy),
        summary=_summary(tier, reasons, situation),
        days_without_contact=rules.days_without_contact(situation),
        as_of=situation.today,
        policy_version=policy.version,
        trail=trail,
    )


def _tier(reasons: tuple[Reason, ...], *, in_care: bool, is_enough: bool) -> Tier:
    if not in_care:
        return Tier.NOT_SCORED
    if reasons:
        return reasons[0].tier
    # Silence after too few sessions is not reassurance.
    return Tier.NO_ACTION if is_enough else Tier.NOT_SCORED


def _change_reading(watch: Watch, policy: MonitorPolicy) -> ChangeReading:
    monitor = watch.monitor
    return ChangeReading(
        drop=monitor.drop,
        stop=monitor.stop,
        threshold=policy.threshold,
        usual_share=1 - monitor.usual_miss,
        consecutive_misses=monitor.consecutive_misses,
        alert_since=watch.alert.since if watch.alert else None,
    )


def _expected(begun: Sequence[SessionFact], cancelled: Container[int]) -> tuple[SessionFact, ...]:
    return tuple(
        f for f in begun if f.state.in_adherence and not f.make_up and f.occurrence_id not in cancelled
    )


def _last_contact(begun: Sequence[SessionFact], logged: date | None) -> date | None:
    attended = [fact.local_day for fact in begun if fact.state.is_attended]
    days = attended[-1:] + ([logged] if logged is not None else [])
    return max(days, default=None)


def _summary(tier: Tier, reasons: tuple[Reason, ...], situation: rules.Situation) -> str:
    if tier is Tier.NOT_SCORED:
        return f"{tier.label}. {_why_not_scored(situation)}"
    if not reasons:
        return f"{tier.label}. {_last_contact_words(situation)}"
    sentences = [f"{tier.label}.", *(reason.sentence for reason in reasons)]
    sentences += [_excused_words(situation, reasons), _last_contact_words(situation)]
    # A reason that clears is told once, for the most urgent one.
    sentences += [reason.clears for reason in reasons if reason.clears][:1]
    return " ".join(sentences)


def _why_not_scored(situation: rules.Situation) -> str:
    today, dates = situation.today, situation.dates
    if not dates.is_enrolled(today):
        return "Not enrolled today."
    pause = next((p for p in dates.pauses if p.contains(today)), None)
    if pause is not None:
        return f"On a pause since {day_in_words(pause.from_day)}."
    return f"{counted(len(situation.expected), 'session')} recorded so far: not enough data."


def _excused_words(situation: rules.Situation, reasons: tuple[Reason, ...]) -> str:
    since = min((reason.since for reason in reasons if reason.since), default=situation.today)
    days = [fact.local_day for fact in situation.excused(since)]
    return f"Excused: {days_in_words(days) if days else 'none'}."


def _last_contact_words(situation: rules.Situation) -> str:
    if situation.last_contact_on is None:
        return "No contact yet."
    days = (situation.today - situation.last_contact_on).days
    return "Last contact today." if days <= 0 else f"Last contact {counted(days, 'day')} ago."
