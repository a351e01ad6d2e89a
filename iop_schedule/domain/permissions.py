"""What each role may do at all. Whether it may do so to one record is settled in `queries/access.py`."""

from enum import StrEnum

from iop_schedule.vocabulary import Role


class Permission(StrEnum):
    """One thing a role can be allowed to do, as `subject:verb`."""

    OWN_WEEK = "own-week:read"
    OWN_TIMES = "own-times:edit"
    OWN_SESSIONS = "own-sessions:tell"
    #: Ask for a change in one's own care; staff write down what a client asks for aloud.
    CARE_REQUEST = "care:request"
    CARE_ANSWER = "care:answer"
    #: Say who may come along to one's own family sessions; staff write down what a client says.
    OWN_COMPANY = "own-company:invite"
    COMPANY_INVITE = "company:invite"
    TODAY_READ = "today:read"
    ATTENDANCE_READ = "attendance:read"
    ATTENDANCE_RECORD = "attendance:record"
    ABSENCE_TELL = "absence:tell"
    #: Let someone into a group although every seat is taken.
    SEATS_OVERRIDE = "seats:override"
    CLIENT_READ = "client:read"
    CLIENT_EDIT = "client:edit"
    CONSTRAINTS_EDIT = "constraints:edit"
    CASELOAD_READ = "caseload:read"
    OUTREACH_LOG = "outreach:log"
    SELF_REPORT = "self-report:record"
    MONITOR_MANAGE = "monitor:manage"
    PLACEMENT_READ = "placement:read"
    PLACEMENT_DECIDE = "placement:decide"
    PLACEMENT_RUN = "placement:run"
    PROGRAM_READ = "program:read"
    PROGRAM_EDIT = "program:edit"
    PEOPLE_READ = "people:read"
    STAFF_MANAGE = "staff:manage"
    IMPORT_RUN = "import:run"
    EXPORT_RUN = "export:run"
    REPORTS_READ = "reports:read"
    DISCLOSE = "report:disclose"
    AUDIT_READ = "audit:read"
    ACCOUNT = "account:own"
    OWN_MESSAGES = "own-messages:edit"
    REMINDERS_MANAGE = "reminders:manage"
    WORDING_EDIT = "wording:edit"


_STAFF = {
    Permission.ACCOUNT,
    Permission.PROGRAM_READ,
    Permission.ABSENCE_TELL,
    Permission.COMPANY_INVITE,
}

#: Everything a role holds; a permission not listed is denied.
HELD: dict[Role, frozenset[Permission]] = {
    Role.CLIENT: frozenset(
        {
            Permission.ACCOUNT,
            Permission.OWN_WEEK,
            Permission.OWN_TIMES,
            Permission.OWN_SESSIONS,
            Permission.CARE_REQUEST,
            Permission.OWN_COMPANY,
            Permission.OWN_MESSAGES,
        }
    ),
    Role.COUNSELOR: frozenset(
        _STAFF
        | {
            Permission.TODAY_READ,
            Permission.ATTENDANCE_READ,
            Permission.ATTENDANCE_RECORD,
            Permission.CLIENT_READ,
            Permission.SELF_REPORT,
        }
    ),
    Role.CASE_MANAGER: frozenset(
        _STAFF
        | {
            Permission.CASELOAD_READ,
            Permission.CARE_REQUEST,
            Permission.CARE_ANSWER,
            Permission.OUTREACH_LOG,
            Permission.SELF_REPORT,
            Permission.CLIENT_READ,
            Permission.CLIENT_EDIT,
            Permission.CONSTRAINTS_EDIT,
            Permission.ATTENDANCE_READ,
            Permission.PLACEMENT_READ,
            Permission.PLACEMENT_DECIDE,
            Permission.PEOPLE_READ,
            Permission.REPORTS_READ,
            Permission.DISCLOSE,
            Permission.REMINDERS_MANAGE,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        _STAFF
        | {
            Permission.CARE_REQUEST,
            Permission.CARE_ANSWER,
            Permission.CLIENT_READ,
            Permission.CLIENT_EDIT,
            Permission.CONSTRAINTS_EDIT,
            Permission.ATTENDANCE_READ,
            Permission.ATTENDANCE_RECORD,
            Permission.SEATS_OVERRIDE,
            Permission.PLACEMENT_READ,
            Permission.PLACEMENT_DECIDE,
            Permission.PLACEMENT_RUN,
            Permission.PEOPLE_READ,
            Permission.PROGRAM_EDIT,
            Permission.STAFF_MANAGE,
            Permission.OUTREACH_LOG,
            Permission.SELF_REPORT,
            Permission.MONITOR_MANAGE,
            Permission.IMPORT_RUN,
            Permission.EXPORT_RUN,
            Permission.REPORTS_READ,
            Permission.DISCLOSE,
            Permission.AUDIT_READ,
            Permission.REMINDERS_MANAGE,
            Permission.WORDING_EDIT,
        }
    ),
}


def holds(role: Role, permission: Permission) -> bool:
    """Return True when `role` has been given `permission`; anything not given is denied."""
    return permission in HELD.get(role, frozenset())
