"""The settings of the monitor that are in force in a program."""

from datetime import datetime

from iop_schedule.domain.risk.policy import MonitorPolicy


def policy_in_force(program_id: int, *, now: datetime) -> MonitorPolicy:  # noqa: ARG001
    """Return the settings of one program at `now`."""
    return MonitorPolicy()
