"""Settings of the monitor: minutes from which a service counts, and which numbers go together."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.frequency import SessionFact
from iop_schedule.domain.risk import watch
from iop_schedule.domain.risk.policy import BadNumber, MonitorPolicy, numbers_of, revised
from iop_schedule.vocabulary import ServiceType

POLICY = MonitorPolicy()
AT = datetime(2026, 3, 2, 23, tzinfo=UTC)


def part(attended: int, scheduled: int, service: str) -> SessionFact:
    state = SessionState.ATTENDED_PART
    return SessionFact(1, AT, AT.date(), scheduled, state, attended, service_type=service)


@pytest.mark.parametrize(
    ("attended", "service", "share"),
    [
        pytest.param(45, ServiceType.INDIVIDUAL, 1.0, id="from its own minimum on"),
        pytest.param(44, ServiceType.INDIVIDUAL, 44 / 60, id="a minute less is the part"),
        pytest.param(40, ServiceType.GROUP, 1.0, id="another kind: the minimum of all"),
        pytest.param(39, ServiceType.GROUP, 39 / 60, id="and below it"),
        pytest.param(30, ServiceType.FAMILY, 1.0, id="none of its own: half"),
        pytest.param(29, ServiceType.FAMILY, 29 / 60, id="below half"),
    ],
)
def test_a_payer_counts_each_kind_of_service_from_its_own_minutes(
    attended: int, service: ServiceType, share: float
) -> None:
    """An hour each; one-to-ones count from 45 minutes, family sessions from half, everything else from 40."""
    policy = replace(POLICY, service_minimum_minutes=40, service_minimums={"individual": 45, "family": 0})
    assert watch.share_of(part(attended, 60, service), policy=policy) == share


@given(
    scheduled=st.integers(1, 240),
    minimum=st.integers(0, 240),
    attended=st.integers(0, 240),
    service=st.sampled_from(list(ServiceType)),
)
@settings(derandomize=True)
def test_a_higher_minimum_never_counts_more(
    scheduled: int, minimum: int, attended: int, service: ServiceType
) -> None:
    fact = part(min(attended, scheduled), scheduled, service)
    strict = watch.share_of(fact, policy=replace(POLICY, service_minimums={service: minimum}))
    plain = watch.share_of(fact, policy=POLICY)
    assert strict is not None
    assert plain is not None
    assert fact.attended_minutes / scheduled <= strict <= plain <= 1


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"check_in_from": 0.95}, "reach_out_from"),
        ({"clear_below": 0.85}, "check_in_from"),
        ({"no_contact_days": 15}, "no_contact_today_days"),
        ({"lowest_usual_miss": 0.5}, "highest_usual_miss"),
        ({"prior_mean": 1.0}, "prior_mean"),
    ],
)
def test_numbers_the_wrong_way_round_are_refused(numbers: dict[str, float], field: str) -> None:
    with pytest.raises(BadNumber) as refused:
        revised(POLICY, numbers)
    assert refused.value.field == field


def test_numbers_are_changed_together() -> None:
    wanted = revised(
        POLICY, {"check_in_from": 0.93, "reach_out_from": 0.96, "service_minimums": {"group": 30}}
    )
    assert numbers_of(wanted) == numbers_of(POLICY) | {
        "check_in_from": 0.93,
        "reach_out_from": 0.96,
        "service_minimums": {"group": 30},
    }
    assert MonitorPolicy(**numbers_of(wanted)) == wanted
