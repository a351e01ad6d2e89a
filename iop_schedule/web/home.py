"""The front door: signed-in people land where their role works."""

from flask import Blueprint, current_app, redirect, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.vocabulary import Role
from iop_schedule.web.security import actor

home = Blueprint("home", __name__)

#: Where each role lands after signing in.
LANDING = {
    Role.CLIENT: "week.my_week_page",
    Role.COUNSELOR: "attendance.today",
    Role.CASE_MANAGER: "caseload.show",
    Role.ADMINISTRATOR: "programs.program_week",
}


@home.get("/")
def index() -> ResponseReturnValue:
    """Send each role to its own first page."""
    landing = LANDING[actor().role]
    return redirect(url_for(landing if landing in current_app.view_functions else "auth.account"))


@home.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Keep search engines away; calendars that ask for this file are not forbidden anything."""
    return "User-agent: *\nDisallow: /my/\n", 200, {"Content-Type": "text/plain; charset=utf-8"}
