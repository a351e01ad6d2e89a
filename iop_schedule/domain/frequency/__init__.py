"""Delivered against offered and prescribed treatment, per program week and over several weeks.

Everything is a pure function of one client's sessions, the doses and the dates of care. A longer span is
the sum of its weeks, so every total drills down to weeks and every week to its sessions.

care            what it is computed from: sessions, doses, days of care
weekly          the numbers of a week, and weeks added up
enrolled        several enrollments as one care
counting        from sessions to those numbers
client_view     what a client sees of them
"""

from iop_schedule.domain.frequency.care import CareDates, DaySpan, DoseInForce, SessionFact
from iop_schedule.domain.frequency.client_view import ClientWeek, client_week, weeks_goal_met
from iop_schedule.domain.frequency.counting import (
    BILLABLE_DAY_MINUTES,
    billable_days,
    dose_on,
    prescribed_in,
    weekly_frequencies,
    weekly_frequency,
)
from iop_schedule.domain.frequency.enrolled import Enrolled, as_of, joined, joined_doses, minimum_in
from iop_schedule.domain.frequency.weekly import WeeklyFrequency, total, trailing, weeks_between

__all__ = [
    "BILLABLE_DAY_MINUTES",
    "CareDates",
    "ClientWeek",
    "DaySpan",
    "DoseInForce",
    "Enrolled",
    "SessionFact",
    "WeeklyFrequency",
    "as_of",
    "billable_days",
    "client_week",
    "dose_on",
    "joined",
    "joined_doses",
    "minimum_in",
    "prescribed_in",
    "total",
    "trailing",
    "weekly_frequencies",
    "weekly_frequency",
    "weeks_between",
    "weeks_goal_met",
]
