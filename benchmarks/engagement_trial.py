"""Whether LEVEL ranks who is about to disappear, on the weekly attendance of real trials.

    python -m benchmarks.engagement_trial ATTENDANCE.csv

The question in each client-week: will this person attend nothing in the next four weeks? A week is active
when LEVEL has enough data (two effective sessions) and the client has not already been away for four weeks.
LEVEL alone is its probability of low attendance, learnt from nothing. The model is a logistic regression on
that probability's log odds, misses in a row and week number, fitted in ten folds that keep each person whole.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iop_schedule.adapters.event_files import histories
from iop_schedule.domain.risk import level
from iop_schedule.domain.risk.estimate import History, calibrate, false_alerts, until_last_attended
from iop_schedule.domain.risk.monitor import Monitor, MonitorSettings
from iop_schedule.domain.risk.policy import MonitorPolicy

Vector = NDArray[np.float64]
AHEAD = 4
FOLDS = 10
#: False alerts per 100 client-weeks, as `engagement calibrate` allows them.
BUDGET = 5.0


def client_weeks(people: Sequence[History], policy: MonitorPolicy) -> dict[str, Vector]:
    """Return one entry per active week with four weeks still to look at."""
    settings = MonitorSettings(policy)
    rows = []
    for person, history in enumerate(people):
        monitor = Monitor(settings)
        for week, row in enumerate(history):
            monitor.observe(row.at, row.share or 0.0)
            ahead = history[week + 1 : week + 1 + AHEAD]
            enough = monitor.effective_n >= policy.minimum_effective
            if len(ahead) == AHEAD and enough and monitor.consecutive_misses < AHEAD:
                below = level.below_low_share(attended=monitor.attended, missed=monitor.missed, policy=policy)
                gone = not any(later.share for later in ahead)
                rows.append((person, gone, below, monitor.consecutive_misses, week))
    columns = np.array(rows, dtype=np.float64).T
    return dict(zip(("person", "gone", "below", "misses", "week"), columns, strict=True))


def auroc(score: Vector, truth: Vector) -> float:
    """Return the probability that a true case scores above a false one, ties counting half."""
    _, where, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where]
    positive = truth.sum()
    negative = len(truth) - positive
    return float((ranks[truth == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def fitted(features: Vector, truth: Vector) -> Vector:
    """Return logistic coefficients by Newton's method."""
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-features @ weights))
        slope = features.T @ (truth - chance)
        bend = (features * (chance * (1 - chance))[:, None]).T @ features + 1e-9 * np.eye(len(weights))
        step = np.linalg.solve(bend, slope)
        weights += step
        if np.abs(step).max() < 1e-10:
            break
    return weights


def cross_validated(weeks: dict[str, Vector], *, seed: int = 11) -> Vector:
    """Return each week's chance from a model that never saw that person."""
    log_odds = np.log(weeks["below"] / (1 - weeks["below"]))
    ones = np.ones_like(log_odds)
    features = np.column_stack([ones, log_odds, weeks["misses"], weeks["week"] / 10])
    people = weeks["person"].astype(int)
    fold_of = np.random.default_rng(seed).integers(0, FOLDS, people.max() + 1)[people]
    chance = np.empty_like(log_odds)
    for fold in range(FOLDS):
        left_out = fold_of == fold
        weights = fitted(features[~left_out], weeks["gone"][~left_out])
        chance[left_out] = 1 / (1 + np.exp(-features[left_out] @ weights))
    return chance


def by_misses_in_a_row(weeks: dict[str, Vector]) -> str:
    """Return, for each number of weeks missed in a row, how often four empty weeks followed."""
    out = [
        "| weeks missed in a row | client-weeks | followed by four weeks without attendance |",
        "|---:|---:|---:|",
    ]
    for misses in range(AHEAD):
        gone = weeks["gone"][weeks["misses"] == misses]
        out.append(f"| {misses} | {len(gone):,} | {100 * gone.mean():.1f} % |")
    return "\n".join(out)


def table(file: Path) -> str:
    """Return the figures for one file."""
    people = histories(file)
    weeks = client_weeks(people, MonitorPolicy())
    return "\n\n".join([figures(weeks), by_misses_in_a_row(weeks), by_settings(people)])


def by_settings(people: Sequence[History]) -> str:
    """Return the defaults beside what `calibrate` finds in the same history at the default budget."""
    fitted_to_it = calibrate(people, policy=MonitorPolicy(), budget=BUDGET)
    kept = [until_last_attended(history) for history in people]
    out = [
        "| settings | mu | strength | h | false alerts per 100 client-weeks | AUROC, LEVEL alone |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, policy in (("defaults", MonitorPolicy()), ("calibrated", fitted_to_it.policy)):
        weeks = client_weeks(people, policy)
        rate = false_alerts(kept, policy=policy).per_100_client_weeks
        out.append(
            f"| {name} | {policy.prior_mean:.4f} | {policy.prior_strength:.4f} | {policy.threshold:.2f} "
            f"| {rate:.2f} | {auroc(weeks['below'], weeks['gone']):.4f} |"
        )
    return "\n".join(out)


def figures(weeks: dict[str, Vector]) -> str:
    """Return how well LEVEL, misses in a row and both together rank and fit."""
    truth = weeks["gone"]
    chance = cross_validated(weeks)
    log_odds = np.log(chance / (1 - chance))
    slope = fitted(np.column_stack([np.ones_like(log_odds), log_odds]), truth)[1]
    brier = float(((chance - truth) ** 2).mean())
    always = float(truth.mean() * (1 - truth.mean()))
    return "\n".join(
        [
            "| figure | value |",
            "|---|---:|",
            f"| active client-weeks (people) | {len(truth):,} ({len(np.unique(weeks['person'])):,}) |",
            f"| of them followed by four weeks without attendance | {100 * truth.mean():.1f} % |",
            f"| AUROC, LEVEL alone | {auroc(weeks['below'], truth):.4f} |",
            f"| AUROC, misses in a row alone | {auroc(weeks['misses'], truth):.4f} |",
            f"| AUROC, model, cross-validated by person | {auroc(chance, truth):.4f} |",
            f"| Brier score, model (same chance for everyone: {always:.4f}) | {brier:.4f} |",
            f"| calibration slope, model | {slope:.3f} |",
        ]
    )


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
