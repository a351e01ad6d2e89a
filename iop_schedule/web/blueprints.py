"""The route table of the whole application: every blueprint, in the order of the flow."""

from flask import Flask

from iop_schedule.web import today  # noqa: F401 - adds Today and the week to the pages of attendance
from iop_schedule.web.absences import absences
from iop_schedule.web.answers import OWN_PROOF, answers
from iop_schedule.web.attendance import attendance
from iop_schedule.web.audit import audit
from iop_schedule.web.auth import auth
from iop_schedule.web.availability import availability
from iop_schedule.web.calendars import calendars
from iop_schedule.web.care_changes import care_changes
from iop_schedule.web.care_requests import care_requests
from iop_schedule.web.caseload import cases
from iop_schedule.web.choices import choices
from iop_schedule.web.disclosures import disclosures
from iop_schedule.web.feeds import feeds
from iop_schedule.web.frequency import frequency
from iop_schedule.web.goals import goals
from iop_schedule.web.handover import handover
from iop_schedule.web.health import health
from iop_schedule.web.holidays import holidays
from iop_schedule.web.home import home
from iop_schedule.web.importing import imports
from iop_schedule.web.keep_apart import keep_apart
from iop_schedule.web.make_ups import make_ups
from iop_schedule.web.messages import messages
from iop_schedule.web.one_to_ones import one_to_ones
from iop_schedule.web.outreach import outreach
from iop_schedule.web.people import people
from iop_schedule.web.placement import placement
from iop_schedule.web.placement_runs import placement_runs
from iop_schedule.web.placement_values import placement_values
from iop_schedule.web.places import places
from iop_schedule.web.programs import programs
from iop_schedule.web.progress import progress
from iop_schedule.web.reminders import reminders
from iop_schedule.web.repairs import repairs
from iop_schedule.web.reports import reports
from iop_schedule.web.risk import risk
from iop_schedule.web.series import series
from iop_schedule.web.sheets import sheets
from iop_schedule.web.steps import steps
from iop_schedule.web.substitutes import substitutes
from iop_schedule.web.support_links import support_links
from iop_schedule.web.support_people import support_people
from iop_schedule.web.uploads import uploads
from iop_schedule.web.walk_ins import walk_ins
from iop_schedule.web.week import week
from iop_schedule.web.what_if import what_if
from iop_schedule.web.wishes import wishes
from iop_schedule.web.wording import wording

BLUEPRINTS = (
    auth,
    audit,
    people,
    home,
    health,
    week,
    messages,
    reminders,
    wording,
    answers,
    feeds,
    calendars,
    holidays,
    availability,
    wishes,
    uploads,
    programs,
    places,
    series,
    placement,
    placement_runs,
    placement_values,
    one_to_ones,
    keep_apart,
    choices,
    steps,
    repairs,
    what_if,
    attendance,
    make_ups,
    absences,
    care_changes,
    care_requests,
    goals,
    support_people,
    support_links,
    substitutes,
    sheets,
    walk_ins,
    handover,
    frequency,
    cases,
    progress,
    reports,
    disclosures,
    outreach,
    risk,
    imports,
)


def register_blueprints(app: Flask) -> None:
    """Add every page to the application."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for view in OWN_PROOF:
        app.extensions["csrf"].exempt(view)
