"""The page behind an invitation: date, time and place of one session, for whoever holds the link.

It needs no sign-in, names nobody and says nothing about what the appointment is. A link that was taken
back, replaced, is over, is malformed or never was is answered alike.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, Flask, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue

from iop_schedule.actions.support_people import open_link
from iop_schedule.adapters import tokens
from iop_schedule.errors import NotFound, TooManyAttempts
from iop_schedule.web.feeds import came_in_clear
from iop_schedule.web.presenting import long_day
from iop_schedule.web.rate_limits import RateLimit
from iop_schedule.web.security import settings, source

support_links = Blueprint("support_links", __name__)

#: Links that are not ours, for each address; openings, for each link.
FAILURES = 20, timedelta(minutes=1)
OPENINGS = 60, timedelta(hours=1)

_DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """How often links may be opened, and guessed."""

    failures: RateLimit
    openings: RateLimit


def init_support_links(app: Flask) -> None:
    """Count openings and guesses."""
    app.extensions["support-limits"] = Limits(RateLimit(*FAILURES), RateLimit(*OPENINGS))


@support_links.get("/a/<token>")
def page(token: str) -> ResponseReturnValue:
    """Tell whoever holds the link when and where."""
    limits: Limits = current_app.extensions["support-limits"]
    here = settings()
    wait = limits.openings.wait(tokens.keyed_hash(here.secret_key, "support-openings", token), g.now)
    if wait:
        raise TooManyAttempts(retry_after=wait)
    in_clear = came_in_clear(here, request.scheme)
    shown = None if in_clear else open_link(token=token, key=here.secret_key, now=g.now)
    if shown is None:
        address = tokens.keyed_hash(here.secret_key, "support-source", source())
        wait = limits.failures.wait(address, g.now)
        if wait:
            raise TooManyAttempts(retry_after=wait)
        raise NotFound
    answer = make_response(
        render_template(
            "support_people/appointment.html", shown=shown, day=_day(shown.session.starts, shown.language)
        )
    )
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _day(day: date, language: str) -> str:
    if language != "es":
        return long_day(day)
    return f"{_DAYS[day.weekday()]}, {day.day} de {_MONTHS[day.month - 1]}"
