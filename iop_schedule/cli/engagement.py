"""`flask --app wsgi engagement …`: the engagement monitor on a program's own history, without a database."""

from math import isfinite
from pathlib import Path
from typing import Any

import click

from iop_schedule.adapters import event_files
from iop_schedule.adapters.event_rows import BadRow
from iop_schedule.domain.risk.estimate import LEAST_CLIENTS, LEAST_SESSIONS, Calibration, calibrate
from iop_schedule.domain.risk.policy import MonitorPolicy


class Number(click.FloatRange):
    """A number within a range; what is no number at all, or has no end, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or end with exit status 2."""
        found: float = super().convert(value, param, ctx)
        if not isfinite(found):
            self.fail(f"{value} is not a number to count with.", param, ctx)
        return found


_DEFAULT = MonitorPolicy()
_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.group()
def engagement() -> None:
    """Replay or calibrate the engagement monitor on a file of past sessions.

    The file is CSV with the columns client_id, at, scheduled_minutes, status and attended_minutes.
    """


@engagement.command("replay")
@click.argument("events", type=_IN)
@click.option("--levels", type=_OUT, help="Write the monitor's state after every row here.")
@click.option("--alerts", type=_OUT, help="Write every alert here.")
@click.option("--h", "threshold", type=Number(min=0, min_open=True), default=_DEFAULT.threshold)
@click.option("--mu", type=Number(0, 1, min_open=True, max_open=True), default=_DEFAULT.prior_mean)
@click.option("--strength", type=Number(min=0, min_open=True), default=_DEFAULT.prior_strength)
@click.option("--discount", type=Number(0, 1, min_open=True), default=_DEFAULT.weekly_discount)
def replay_events(
    *,
    events: Path,
    levels: Path | None,
    alerts: Path | None,
    threshold: float,
    mu: float,
    strength: float,
    discount: float,
) -> None:
    """Take every client of EVENTS through the monitor, session by session.

    A row that cannot be used ends with its line number and exit status 2; then nothing is written.
    """
    _refuse_same_files(events, levels, alerts)
    policy = MonitorPolicy(
        prior_mean=mu, prior_strength=strength, weekly_discount=discount, threshold=threshold
    )
    try:
        replayed = event_files.replay(events, levels=levels, alerts=alerts, policy=policy)
    except BadRow as bad:
        raise _BadFile(events, bad) from None
    except OSError as problem:
        raise click.FileError(str(problem.filename), problem.strerror) from None
    click.echo(
        f"{replayed.rows} rows of {replayed.clients} clients, {replayed.duplicates} duplicates left out, "
        f"{replayed.alerts} alerts in {replayed.client_weeks} client-weeks{_rate(replayed)}",
        err=True,
    )


@engagement.command("calibrate")
@click.argument("events", type=_IN)
@click.option(
    "--budget",
    type=Number(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="False alerts per 100 client-weeks; 5 are about 1.5 a week in a caseload of 30.",
)
def calibrate_policy(events: Path, budget: float) -> None:
    """Print the prior (mu, strength) and the threshold (h) that the history in EVENTS suggests.

    An alert counts as false when the client came again after it.
    """
    try:
        found = calibrate(event_files.histories(events), policy=_DEFAULT, budget=budget)
    except BadRow as bad:
        raise _BadFile(events, bad) from None
    for line in _calibration_lines(found, budget):
        click.echo(line)


class _BadFile(click.ClickException):
    """A file with a row that cannot be used."""

    exit_code = 2

    def __init__(self, events: Path, bad: BadRow) -> None:
        super().__init__(f"{events.name}, {bad.message}")


def _refuse_same_files(events: Path, *outputs: Path | None) -> None:
    files = [events.resolve(), *(path.resolve() for path in outputs if path is not None)]
    regular = [path for path in files if path.is_file() or not path.exists()]
    if len(set(regular)) < len(regular):
        message = "EVENTS, --levels and --alerts must be different files."
        raise click.UsageError(message)


def _rate(replayed: event_files.Replayed) -> str:
    rate = replayed.alerts_per_100_client_weeks
    return f" ({rate:.2f} per 100)" if rate is not None else ""


def _calibration_lines(found: Calibration, budget: float) -> list[str]:
    policy, alerts = found.policy, found.false_alerts
    basis = (
        f"fitted to {found.prior.clients} clients"
        if found.prior is not None
        else f"default kept: fewer than {LEAST_CLIENTS} clients with {LEAST_SESSIONS} sessions"
    )
    limit = "  # at its limit: these clients differ no more than chance"
    return [
        f"mu {policy.prior_mean:.4f}  # {basis}",
        f"strength {policy.prior_strength:.4f}{limit if found.prior and found.prior.is_at_limit else ''}",
        f"h {policy.threshold:.2f}  # {alerts.per_100_client_weeks:.2f} false alerts per 100 client-weeks "
        f"({alerts.alerts} in {alerts.client_weeks}), budget {budget:g}"
        + ("" if found.within_budget else ": not reached even at the highest h"),
    ]


if __name__ == "__main__":
    engagement()
