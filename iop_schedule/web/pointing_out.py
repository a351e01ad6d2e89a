"""After places were changed: what the week then leaves open of what is prescribed."""

from datetime import date

from flask import flash, g

from iop_schedule.queries.legal_places import left_open
from iop_schedule.web.security import actor


def point_out(client_id: int, day: date) -> None:
    """Say beside the confirmation what the places from `day` on leave open of the dose, or have beyond it."""
    for words in left_open(actor(), client_id, day, now=g.now):
        flash(words, "info")
