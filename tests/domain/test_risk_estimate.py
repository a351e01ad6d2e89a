"""A program's own prior and threshold, found again in histories made from known ones."""

import random
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.risk import estimate
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.watch import Row

POLICY = MonitorPolicy()
START = datetime(2026, 1, 5, 18)


def history(shares: list[float | None]) -> tuple[Row, ...]:
    return tuple(Row(START + timedelta(days=2 * n), share, paused=False) for n, share in enumerate(shares))


def made(clients: int, sessions: int, *, mean: float, strength: float, seed: int) -> list[tuple[Row, ...]]:
    dice = random.Random(seed)
    histories = []
    for _ in range(clients):
        p = dice.betavariate(mean * strength, (1 - mean) * strength)
        histories.append(history([float(dice.random() < p) for _ in range(sessions)]))
    return histories


def test_the_prior_of_a_program_is_found_again() -> None:
    prior = estimate.estimate_prior(made(400, 40, mean=0.75, strength=8.0, seed=1))
    assert prior is not None
    assert prior.mean == pytest.approx(0.75, abs=0.02)
    assert prior.strength == pytest.approx(8.0, rel=0.25)
    assert prior.clients == 400


def test_no_neighbor_of_the_estimate_is_more_likely() -> None:
    histories = made(60, 20, mean=0.8, strength=5.0, seed=2)
    prior = estimate.estimate_prior(histories)
    assert prior is not None
    counts = list(map(estimate._count, histories))
    from math import log

    def likelihood(mean: float, strength: float) -> float:
        return estimate._log_likelihood(counts, log(mean / (1 - mean)), log(strength))

    best = likelihood(prior.mean, prior.strength)
    around = [(0.99, 1), (1.01, 1), (1, 0.97), (1, 1.03), (1.01, 1.03), (0.99, 0.97)]
    assert all(likelihood(prior.mean * m, prior.strength * s) < best for m, s in around)


@pytest.mark.parametrize(
    ("clients", "sessions", "expected"),
    [pytest.param(19, 30, None, id="too few clients"), pytest.param(40, 3, None, id="too few sessions")],
)
def test_too_little_history_keeps_the_default(clients: int, sessions: int, expected: None) -> None:
    histories = made(clients, sessions, mean=0.9, strength=5.0, seed=3)
    assert estimate.estimate_prior(histories) is expected
    found = estimate.calibrate(histories, policy=POLICY, budget=5.0)
    assert (found.policy.prior_mean, found.policy.prior_strength) == (0.80, 5.5)


def test_absence_at_the_end_counts_like_any_other() -> None:
    """Half of them left after three sessions: the program's mean is what all its sessions say."""
    stayed, left = [1.0] * 8, [1.0] * 3 + [0.0] * 5
    prior = estimate.estimate_prior([history(stayed), history(left)] * 12)
    assert prior is not None
    assert prior.clients == 24
    assert prior.mean == pytest.approx(11 / 16, abs=0.06)
    # All or little: two kinds of people, so the average says little about the next one.
    assert prior.strength < 3


def test_who_never_came_belongs_to_the_program() -> None:
    never, some = history([0.0] * 6), history([1.0, 1.0, 0.0, 1.0, 1.0, 0.0])
    with_them = estimate.estimate_prior([some] * 20 + [never] * 5)
    without = estimate.estimate_prior([some] * 20)
    assert with_them is not None
    assert without is not None
    assert (with_them.clients, without.clients) == (25, 20)
    assert with_them.mean < without.mean


def test_clients_who_differ_no_more_than_chance_leave_the_strength_at_its_limit() -> None:
    alike = estimate.estimate_prior([history([1.0, 1.0, 0.0, 1.0])] * 20)
    assert alike is not None
    assert alike.is_at_limit
    assert alike.mean == pytest.approx(0.75, abs=1e-6)
    differing = estimate.estimate_prior(made(60, 20, mean=0.8, strength=5.0, seed=2))
    assert differing is not None
    assert not differing.is_at_limit


@given(
    shares=st.lists(
        st.lists(st.sampled_from([0.0, 0.25, 1.0, None]), min_size=4, max_size=12), min_size=20, max_size=24
    ),
    order=st.randoms(use_true_random=False),
)
@settings(derandomize=True, max_examples=25, deadline=None)
def test_when_a_session_was_missed_does_not_change_the_prior(
    shares: list[list[float | None]], order: random.Random
) -> None:
    """The fit is over counts: only how many, never when."""
    before = estimate.estimate_prior([history(one) for one in shares])
    for one in shares:
        order.shuffle(one)
    assert estimate.estimate_prior([history(one) for one in shares]) == before


def test_everyone_always_there_stays_a_finite_estimate() -> None:
    prior = estimate.estimate_prior([history([1.0] * 10)] * 30)
    assert prior is not None
    assert 0.99 < prior.mean < 1


def test_the_threshold_is_the_lowest_within_the_budget() -> None:
    histories = made(60, 78, mean=0.8, strength=5.5, seed=4)
    found = estimate.calibrate(histories, policy=POLICY, budget=5.0)
    assert found.within_budget
    assert found.false_alerts.per_100_client_weeks <= 5.0
    in_care = [estimate.until_last_attended(h) for h in histories]
    lower = MonitorPolicy(
        prior_mean=found.policy.prior_mean,
        prior_strength=found.policy.prior_strength,
        threshold=found.policy.threshold - 0.01,
    )
    assert estimate.false_alerts(in_care, policy=lower).per_100_client_weeks > 5.0


def test_what_follows_the_last_attended_session_is_no_false_alert() -> None:
    left = history([1.0] * 10 + [0.0] * 20)
    assert estimate.false_alerts([left], policy=POLICY).alerts > 0
    assert estimate.until_last_attended(left) == left[:10]
    assert estimate.until_last_attended(history([0.0, None])) == ()


def test_no_history_has_no_rate() -> None:
    assert estimate.false_alerts([], policy=POLICY).per_100_client_weeks == 0.0
