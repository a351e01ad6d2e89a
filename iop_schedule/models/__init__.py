"""Tables: columns and constraints, hardly any behavior. Importing this package knows them all."""

from iop_schedule.models.attendance import AttendanceRecord, AttendanceRevision, SignOff
from iop_schedule.models.audit import AuditEvent, AuditEventClient
from iop_schedule.models.availability import (
    ClientConstraint,
    CommitmentUpload,
    CommitmentUploadEntry,
    ConstraintException,
)
from iop_schedule.models.base import Base, db
from iop_schedule.models.calendars import CalendarBody, CalendarFeed, CalendarLink, CalendarPause
from iop_schedule.models.care_requests import CareReply, CareRequest
from iop_schedule.models.contacts import ContactConsent, ContactPoint, ContactWish
from iop_schedule.models.engagement import Disclosure, DisclosureConsent, IssuedReport, ReportRun
from iop_schedule.models.goals import ClientGoal
from iop_schedule.models.handover import HandoverNote
from iop_schedule.models.imports import ImportRun
from iop_schedule.models.invitations import Invitation, InvitationWish
from iop_schedule.models.keep_apart import KeepApart
from iop_schedule.models.make_ups import MakeUp, SessionNotice
from iop_schedule.models.occurrences import Occurrence, RosterEntry
from iop_schedule.models.outreach import OutreachAttempt, OutreachTask
from iop_schedule.models.people import Assignment, Client, RoleRow, SignInAttempt, SignInSession, User
from iop_schedule.models.placement import (
    CounselorHours,
    CounselorLimit,
    PlacementProposal,
    PlacementRun,
    PriorityClass,
    PriorityMark,
)
from iop_schedule.models.placement_choices import PlacementOffer, PlacementOfferMeeting, SeatHold, SeatPrice
from iop_schedule.models.prescription import Enrollment, EnrollmentPause, PrescribedDose
from iop_schedule.models.programs import Closure, Program, Room, Site
from iop_schedule.models.reminders import (
    Heartbeat,
    InboundMessage,
    MessageWording,
    ReminderAllowance,
    ReminderAttempt,
    ReminderDelivery,
    ReminderReply,
    Standstill,
)
from iop_schedule.models.risk import (
    CaseChange,
    CaseSnapshot,
    MonitorVersion,
    RiskSignal,
    SelfReportRow,
    SetAside,
)
from iop_schedule.models.series import Group, GroupCoLeader, Series, SeriesMember
from iop_schedule.models.support_people import SupportConsent, SupportLink, SupportPerson
from iop_schedule.models.wishes import ClientWishes

__all__ = [
    "Assignment",
    "AttendanceRecord",
    "AttendanceRevision",
    "AuditEvent",
    "AuditEventClient",
    "Base",
    "CalendarBody",
    "CalendarFeed",
    "CalendarLink",
    "CalendarPause",
    "CareReply",
    "CareRequest",
    "CaseChange",
    "CaseSnapshot",
    "Client",
    "ClientConstraint",
    "ClientGoal",
    "ClientWishes",
    "Closure",
    "CommitmentUpload",
    "CommitmentUploadEntry",
    "ConstraintException",
    "ContactConsent",
    "ContactPoint",
    "ContactWish",
    "CounselorHours",
    "CounselorLimit",
    "Disclosure",
    "DisclosureConsent",
    "Enrollment",
    "EnrollmentPause",
    "Group",
    "GroupCoLeader",
    "HandoverNote",
    "Heartbeat",
    "ImportRun",
    "InboundMessage",
    "Invitation",
    "InvitationWish",
    "IssuedReport",
    "KeepApart",
    "MakeUp",
    "MessageWording",
    "MonitorVersion",
    "Occurrence",
    "OutreachAttempt",
    "OutreachTask",
    "PlacementOffer",
    "PlacementOfferMeeting",
    "PlacementProposal",
    "PlacementRun",
    "PrescribedDose",
    "PriorityClass",
    "PriorityMark",
    "Program",
    "ReminderAllowance",
    "ReminderAttempt",
    "ReminderDelivery",
    "ReminderReply",
    "ReportRun",
    "RiskSignal",
    "RoleRow",
    "Room",
    "RosterEntry",
    "SeatHold",
    "SeatPrice",
    "SelfReportRow",
    "Series",
    "SeriesMember",
    "SessionNotice",
    "SetAside",
    "SignInAttempt",
    "SignInSession",
    "SignOff",
    "Site",
    "Standstill",
    "SupportConsent",
    "SupportLink",
    "SupportPerson",
    "User",
    "db",
]
