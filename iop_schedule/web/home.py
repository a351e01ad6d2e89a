"""The front door: signed-in people land where their role works."""

from typing import Any

from flask import Blueprint, current_app, jsonify, redirect, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.vocabulary import Role
from iop_schedule.web.security import actor, settings

home = Blueprint("home", __name__)

#: Icons of the installed application, in pixels; drawn by tools/icons.py.
ICON_SIZES = (192, 512)
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


@home.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    """Tell a phone how the application looks once installed; its name says nothing about care."""
    address: Any = current_app.jinja_env.globals["asset_url"]
    icons = [
        {"src": address(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in ICON_SIZES
    ]
    answer = jsonify(
        name=settings().product_name, short_name=settings().product_name, start_url="/", scope="/",
        display="standalone", theme_color="#0d5c57", background_color="#f3f5f2", icons=icons,
    )  # fmt: skip
    answer.mimetype = "application/manifest+json"
    return answer


@home.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Keep search engines away; calendars that ask for this file are not forbidden anything."""
    return "User-agent: *\nDisallow: /my/\n", 200, {"Content-Type": "text/plain; charset=utf-8"}
