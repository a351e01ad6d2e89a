"""What the bar on top of every page holds: the pages of one's role, and one's own account."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for

from iop_schedule.domain.permissions import holds
from iop_schedule.domain.sign_in import SEEN_EVERY
from iop_schedule.queries.access import Actor, OpenSession
from iop_schedule.vocabulary import Role
from iop_schedule.web.presenting import initials
from iop_schedule.web.security import actor


@dataclass(frozen=True, slots=True)
class Link:
    """One address with its words; `current` when it is the page shown, or one below it."""

    label: str
    url: str
    icon: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person looking at the page."""

    name: str
    initials: str
    #: Tells one person's unsent marks on a device from another's.
    key: str
    role_label: str
    is_client: bool
    links: tuple[Link, ...]
    sign_out_url: str
    #: Signed out after so long without a request.
    idle_seconds: int
    stay_url: str


ROLE_LABELS = {
    Role.CLIENT: "Client",
    Role.COUNSELOR: "Counselor",
    Role.CASE_MANAGER: "Case manager",
    Role.ADMINISTRATOR: "Administrator",
}

#: Help has its own place on every client page, the same everywhere.
_HELP = "week.help_page"
_PROGRAM_WEEK = ("Program week", "programs.program_week", "calendar-days")
_OUTREACH = ("Outreach", "outreach.due", "phone-outgoing")
_PEOPLE = ("People", "people.directory", "users")
_REMINDERS = ("Reminders", "reminders.overview", "bell")
_REPORTS = ("Reports", "reports.overview", "chart-column")

#: Per role: label, endpoint, icon. An endpoint that is not there is left out.
PAGES: dict[Role, tuple[tuple[str, str, str], ...]] = {
    Role.CLIENT: (
        ("My week", "week.my_week_page", "calendar-days"),
        ("My times", "availability.my_times", "clock"),
        ("My hours", "progress.page", "target"),
        ("Messages", "messages.mine", "mail"),
    ),
    Role.COUNSELOR: (
        ("Today", "attendance.today", "clipboard-check"),
        ("Week", "attendance.week", "calendar-days"),
        _PROGRAM_WEEK,
    ),
    Role.CASE_MANAGER: (
        ("Caseload", "caseload.show", "list-checks"),
        _OUTREACH,
        _PROGRAM_WEEK,
        _PEOPLE,
        _REMINDERS,
        _REPORTS,
    ),
    Role.ADMINISTRATOR: (
        _PROGRAM_WEEK,
        ("Groups", "programs.groups", "users-round"),
        ("Placement", "placement_runs.index", "sparkles"),
        _PEOPLE,
        _REPORTS,
        _OUTREACH,
        ("Closures", "programs.closures", "calendar-off"),
        _REMINDERS,
        ("Import", "imports.upload", "upload"),
        ("Audit", "audit.trail", "scroll-text"),
    ),
}

#: The tabs of one client's pages, for staff.
CLIENT_PAGES = (
    ("Overview", "people.client", "user-round"),
    ("Engagement", "risk.client", "activity"),
    ("Attendance", "frequency.client", "clipboard-list"),
    ("Times", "availability.their_times", "clock"),
    ("Messages", "messages.theirs", "mail"),
    ("Find a time", "placement.person", "search"),
    ("Requests", "care_requests.theirs", "message-square-text"),
    ("Changes", "care_changes.page", "route"),
    ("Report", "disclosures.report", "file-text"),
    ("Disclosures", "disclosures.accounting", "file-check"),
)


def init_navigation(app: Flask) -> None:
    """Give templates `nav` and `viewer` whenever somebody is signed in, and `client_tabs(client_id)`."""
    app.context_processor(_who_and_where)
    app.jinja_env.globals["client_tabs"] = client_tabs


def _who_and_where() -> dict[str, Any]:
    # Only once the guard has looked: a page about a database that is away must not ask it who is there.
    sign_in: OpenSession | None = g.get("sign_in")
    if sign_in is None:
        return {"nav": [], "viewer": None}
    person = actor()
    found = {"nav": pages_of(person), "viewer": _viewer(person, sign_in)}
    return {**found, "help_url": url_for(_HELP)} if _HELP in current_app.view_functions else found


def pages_of(person: Actor) -> list[Link]:
    """Return the pages of this person's role that exist, the one shown marked."""
    found = []
    for label, endpoint, icon in PAGES[person.role]:
        if endpoint in current_app.view_functions:
            url = url_for(endpoint)
            found.append(Link(label, url, icon, current=_is_current(url) or _is_about(endpoint)))
    return found


def client_tabs(client_id: int) -> list[Link]:
    """Return the pages there are about one client, for this person's role."""
    found = []
    for label, endpoint, icon in CLIENT_PAGES:
        permission = getattr(current_app.view_functions.get(endpoint), "required_permission", None)
        if permission is not None and holds(actor().role, permission):
            url = url_for(endpoint, client_id=client_id)
            found.append(Link(label, url, icon, current=request.path == url))
    return found


def _is_current(url: str) -> bool:
    return request.path == url or request.path.startswith(f"{url.rstrip('/')}/")


def _is_about(endpoint: str) -> bool:
    """Return True for pages about one client, which stand below the list of people."""
    return endpoint == _PEOPLE[1] and request.path.startswith("/clients/")


def _viewer(person: Actor, sign_in: OpenSession) -> Viewer:
    return Viewer(
        name=person.name,
        initials=initials(person.name),
        key=str(person.user_id),
        role_label=ROLE_LABELS[person.role],
        is_client=person.role is Role.CLIENT,
        links=_own_links(person),
        sign_out_url=url_for("auth.sign_out"),
        # Use is noted once a minute, so a session may end that much earlier than its last request says.
        idle_seconds=int((sign_in.limits.idle - SEEN_EVERY).total_seconds()),
        stay_url=url_for("home.index"),
    )


def _own_links(person: Actor) -> tuple[Link, ...]:
    """Return what is behind one's initials; clients reach their calendar from their week."""
    account = Link("Your account", url_for("auth.account"), "user-round")
    if person.role is Role.CLIENT:
        return (account, Link("Messages", url_for("messages.mine"), "mail"))
    return (account, Link("Calendar links", url_for("calendars.staff"), "calendar-sync"))
