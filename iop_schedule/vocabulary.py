"""The words everyone shares, as stored values. What people read is in the templates.

The values are stored in the database and in exported files: add members, never rename them.
"""

from enum import IntEnum, StrEnum


class Role(StrEnum):
    """What a person who signs in comes for."""

    CLIENT = "client"
    COUNSELOR = "counselor"
    CASE_MANAGER = "case_manager"
    ADMINISTRATOR = "administrator"


class Weekday(IntEnum):
    """Day of the week as `date.weekday()` counts it. Treatment happens Monday to Friday only."""

    MO = 0
    TU = 1
    WE = 2
    TH = 3
    FR = 4
    SA = 5
    SU = 6

    @property
    def is_treatment_day(self) -> bool:
        """Return True from Monday to Friday; nights and weekends belong to home."""
        return self <= Weekday.FR


class ServiceType(StrEnum):
    """What kind of contact a session is."""

    GROUP = "group"
    PSYCHOEDUCATION = "psychoeducation"
    INDIVIDUAL = "individual"
    FAMILY = "family"
    CASE_MANAGEMENT = "case_management"
    MEDICATION = "medication"
    HOLISTIC = "holistic"
    AFTERCARE = "aftercare"
    ALUMNI = "alumni"


class SeriesKind(StrEnum):
    """Whether a weekly series belongs to a group or to one client."""

    GROUP = "group"
    INDIVIDUAL = "individual"


class Modality(StrEnum):
    """How a session is attended."""

    IN_PERSON = "in_person"
    TELEHEALTH = "telehealth"


class ModalityWish(StrEnum):
    """How a client can attend."""

    IN_PERSON = "in_person"
    TELEHEALTH = "telehealth"
    EITHER = "either"


class GroupGender(StrEnum):
    """Whom a group is for."""

    ANY = "any"
    FEMALE = "female"
    MALE = "male"
    NONBINARY = "nonbinary"


class Gender(StrEnum):
    """A client's gender as they give it; used only for groups that are for one gender."""

    FEMALE = "female"
    MALE = "male"
    NONBINARY = "nonbinary"
    UNSPECIFIED = "unspecified"


class Attend(StrEnum):
    """Whether a group is taken meeting by meeting or whole."""

    ANY = "any"
    ALL = "all"


class AgreeableRule(StrEnum):
    """Rules of a legal week that a place brought in from files may break, when the file says so."""

    LEVEL_OF_CARE = "level_of_care"
    LANGUAGE = "language"
    GENDER = "gender"
    MODALITY = "modality"
    TRAVEL = "travel"
    KEEP_APART = "keep_apart"
    NOT_ALTERNATING = "not_alternating"


class LevelOfCare(StrEnum):
    """Intensity of a program on the ASAM continuum."""

    IOP_ADULT = "iop_adult"
    IOP_ADOLESCENT = "iop_adolescent"
    PARTIAL = "partial_hospitalization"
    OUTPATIENT = "outpatient"
    AFTERCARE = "aftercare"


class EnrollmentStatus(StrEnum):
    """Where one episode of care stands."""

    PLANNED = "planned"
    WAITLISTED = "waitlisted"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class PauseReason(StrEnum):
    """Why a client's weeks do not count for a while."""

    HOSPITAL = "hospital"
    RESIDENTIAL = "residential"
    LEAVE = "leave"
    JAIL = "jail"
    OTHER = "other"


class ConstraintKind(StrEnum):
    """What a client's time already belongs to."""

    WORK = "work"
    CAREGIVING = "caregiving"
    SCHOOL = "school"
    HEALTH = "health"
    LEGAL = "legal"
    TRANSPORT = "transport"
    OTHER = "other"


class UploadSource(StrEnum):
    """What a client's times were read from."""

    CALENDAR = "calendar"
    SHIFTS = "shifts"


class DayPart(StrEnum):
    """When on a day a person likes to come; told from the start of a session."""

    ANY = "any"
    MORNING = "morning"
    MIDDAY = "midday"
    EVENING = "evening"


class WeekParity(StrEnum):
    """Which weeks a weekly rule covers; A is the week of the rule's anchor date."""

    EVERY = "every"
    A = "A"
    B = "B"


class OccurrenceStatus(StrEnum):
    """What became of one dated session."""

    PLANNED = "planned"
    CANCELLED = "cancelled"
    NOT_HELD = "not_held"


class CancelCause(StrEnum):
    """Why a dated session is not held; decides what may bring it back."""

    BY_HAND = "by_hand"
    CLOSURE = "closure"
    ENDED = "ended"


class RosterSource(StrEnum):
    """Why a client is expected at one dated session."""

    MEMBER = "member"
    INDIVIDUAL = "individual"
    MAKE_UP = "make_up"
    WALK_IN = "walk_in"


class AttendanceStatus(StrEnum):
    """What happened for one client at one dated session. No record at all means *to mark*."""

    ATTENDED = "attended"
    ATTENDED_PART = "attended_in_part"
    EXCUSED = "excused"
    NO_SHOW = "no_show"
    LATE_CANCEL = "late_cancellation"
    PROGRAM_CANCELLED = "cancelled_by_program"
    ENTERED_IN_ERROR = "entered_in_error"


class NoticeKind(StrEnum):
    """What a client told about one session; never a mark, staff decide."""

    ABSENT = "absent"
    LATE = "late"
    HERE = "here"


class AbsenceReason(StrEnum):
    """Why a client cannot come, as the category they chose."""

    WORK = "work"
    CAREGIVING = "caregiving"
    TRANSPORT = "transport"
    UNWELL = "unwell"
    OTHER = "other"
    NOT_SAID = "not_said"


class RunKind(StrEnum):
    """What a placement run plans: everyone's groups, their one-to-ones, a repair, or groups to open."""

    GROUPS = "groups"
    ONE_TO_ONE = "one_to_one"
    REPAIR = "repair"
    OPENINGS = "openings"


class RepairCause(StrEnum):
    """Why weeks are planned anew."""

    COUNSELOR_OUT = "counselor_out"
    GROUP_CLOSED = "group_closed"
    ALREADY_CHANGED = "already_changed"


class PlacementAim(StrEnum):
    """What a run of everyone's groups is to achieve."""

    STAY = "stay"
    REACH = "reach"
    BALANCE = "balance"


class RunState(StrEnum):
    """Where one placement run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


class ProposalKind(StrEnum):
    """What a proposal does for one person: a first place, the missing hours, another week, a one-to-one.

    Or it only takes sessions away that are held no more.
    """

    PLACE = "place"
    COMPLETE = "complete"
    MOVE = "move"
    ONE_TO_ONE = "one_to_one"
    ENDS = "ends"


class ProposalState(StrEnum):
    """What became of one proposal."""

    OPEN = "open"
    APPLIED = "applied"
    STALE = "stale"
    DECLINED = "declined"
    UNDONE = "undone"


class Cadence(StrEnum):
    """How often people meet their counselor one to one."""

    WEEKLY = "weekly"
    SECOND_WEEK = "second_week"
    WEEKLY_OR_SECOND = "weekly_or_second"


class SignOffKind(StrEnum):
    """What was said about an attendance sheet as a whole; the last word decides whether it is closed."""

    SIGNED = "signed"
    #: The session did not take place; it counts for nobody.
    NOT_HELD = "not_held"
    #: Complete in the clinic's own files, brought in with them.
    IMPORTED = "imported"
    REOPENED = "reopened"


class ImportState(StrEnum):
    """Where one upload of the clinic's files stands."""

    TO_CHECK = "to_check"
    REFUSED = "refused"
    READY = "ready"
    TO_APPLY = "to_apply"
    APPLIED = "applied"
    DISCARDED = "discarded"


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    SMS = "sms"
    IN_APP = "in_app"


class ProviderCapability(StrEnum):
    """What a provider can do about a message of which nobody knows whether it arrived."""

    #: Takes our key and answers the same key twice with one message.
    NATIVE_KEY = "native_key"
    #: Can be asked what it has accepted.
    LOOKUP = "lookup"
    NONE = "none"


class ConsentPurpose(StrEnum):
    """What a client can agree to be written to about, over each channel separately."""

    #: The nudge before a day, what changes about that day, and that something about their times is new.
    REMINDERS = "reminders"
    #: The times of the coming week.
    WEEKLY = "weekly"
    #: A word after a missed day.
    MISSED = "missed"
    #: A word when staff would like to hear from them.
    CONTACT = "contact"


class Evidence(StrEnum):
    """How we know that a client agreed, took it back, or can be reached at an address."""

    ONLINE = "online"
    PAPER = "paper"
    SPOKEN = "spoken"
    RECORDS = "records"
    CODE = "code"
    REPLY = "reply"
    LINK = "link"
    PROVIDER = "provider"


class StopReason(StrEnum):
    """Why nothing goes to an address any more until it is confirmed again."""

    BOUNCED = "bounced"
    OPTED_OUT = "opted_out"
    CHANGED = "changed"


class Answer(StrEnum):
    """What a client answers to a reminder."""

    COMING = "coming"
    CANNOT = "cannot"


class DeliveryState(StrEnum):
    """Where one message stands in the outbox."""

    PLANNED = "planned"
    ATTEMPTING = "attempting"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    DEAD = "dead"


class AttemptOutcome(StrEnum):
    """How one try to hand a message over ended; unknown means it may or may not have arrived."""

    STARTED = "started"
    SENT = "sent"
    REFUSED = "refused"
    DELAYED = "delayed"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class HoldReason(StrEnum):
    """Why a message was not sent."""

    SUPERSEDED = "superseded"
    NO_SESSION = "no_session"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"
    NOT_VERIFIED = "not_verified"
    BOUNCED = "bounced"
    NOT_ENROLLED = "not_enrolled"
    STALE = "stale"
    QUIET_HOURS = "quiet_hours"
    NOT_NEUTRAL = "not_neutral"
    REFUSED = "refused"
    TOO_MANY_TRIES = "too_many_tries"
    CAME_SINCE = "came_since"
    CANNOT_COME = "cannot_come"
    NOTHING_LEFT = "nothing_left"
    UNKNOWN = "unknown"


class DeliveryPurpose(StrEnum):
    """Why a message is sent."""

    REMINDER = "reminder"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    DIGEST = "digest"
    MISSED = "missed"
    CONTACT = "contact"
    NEWS = "news"
    CODE = "code"
    SHEETS = "sheets"
    OUTREACH = "outreach"
    CASELOAD = "caseload"

    @property
    def consent(self) -> ConsentPurpose | None:
        """Return what a client must have agreed to; None for what they or our own staff asked for."""
        return _CONSENT_FOR.get(self)

    @property
    def is_about_a_day(self) -> bool:
        """Return True for messages that say when a client is expected on one day."""
        return self in {DeliveryPurpose.REMINDER, DeliveryPurpose.CHANGED, DeliveryPurpose.CANCELLED}


_CONSENT_FOR = {
    DeliveryPurpose.REMINDER: ConsentPurpose.REMINDERS,
    DeliveryPurpose.CHANGED: ConsentPurpose.REMINDERS,
    DeliveryPurpose.CANCELLED: ConsentPurpose.REMINDERS,
    DeliveryPurpose.DIGEST: ConsentPurpose.WEEKLY,
    DeliveryPurpose.MISSED: ConsentPurpose.MISSED,
    DeliveryPurpose.CONTACT: ConsentPurpose.CONTACT,
    DeliveryPurpose.NEWS: ConsentPurpose.REMINDERS,
}


class FeedDetail(StrEnum):
    """How much the entries of a client's calendar say."""

    NEUTRAL = "neutral"
    PLACE = "place"
    OWN_WORDS = "own_words"


class FeedEnd(StrEnum):
    """Why a calendar link serves no sessions any more."""

    REPLACED = "replaced"
    TURNED_OFF = "turned_off"
    CARE_ENDED = "care_ended"
    ACCOUNT_OFF = "account_off"
    IDLE = "idle"


class FeedReader(StrEnum):
    """The family of programs that a calendar was read by."""

    IPHONE = "iphone"
    MAC = "mac"
    GOOGLE = "google"
    OUTLOOK = "outlook"
    THUNDERBIRD = "thunderbird"
    OTHER = "other"


class OfferState(StrEnum):
    """Where the choice of a week that was offered to a client stands."""

    OPEN = "open"
    CHOSEN = "chosen"
    NONE_WORKS = "none_works"
    WITHDRAWN = "withdrawn"


class AssignmentRole(StrEnum):
    """In what capacity a staff member is responsible for a client."""

    COUNSELOR = "counselor"
    CASE_MANAGER = "case_manager"


class ReportKind(StrEnum):
    """What a report made in the background is about."""

    PROGRAM = "program"
    HISTORY = "history"


class ReportState(StrEnum):
    """Where one report made in the background stands."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class PolicyOrigin(StrEnum):
    """Where a program's monitor settings come from."""

    BY_HAND = "by_hand"
    CALIBRATED = "calibrated"


class ContactChannel(StrEnum):
    """How staff tried to reach someone."""

    CALL = "call"
    TEXT = "text"
    EMAIL = "email"
    IN_PERSON = "in_person"
    OTHER = "other"


class ContactResult(StrEnum):
    """What came of one try to reach someone."""

    REACHED = "reached"
    LEFT_MESSAGE = "left_message"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"


class Barrier(StrEnum):
    """What someone said keeps them from coming; those about time lead to their commitments."""

    WORK = "work"
    CAREGIVING = "caregiving"
    SCHOOL = "school"
    HEALTH = "health"
    LEGAL = "legal"
    TRANSPORT = "transport"
    MONEY_OR_HOUSING = "money_or_housing"
    THE_GROUP = "the_group"
    UNSURE = "unsure"
    OTHER = "other"


class NextStep(StrEnum):
    """What was agreed, or is to be tried, after a contact."""

    TRY_AGAIN = "try_again"
    WAIT_FOR_REPLY = "wait_for_reply"
    FIND_A_TIME = "find_a_time"
    MEET = "meet"
    NOTHING = "nothing"


class TaskEnd(StrEnum):
    """Why an outreach task ended."""

    BACK = "back"
    AGREED = "agreed"
    NOT_SCORED = "not_scored"
    LEFT_CARE = "left_care"
    NOT_NEEDED = "not_needed"


class SetAsideReason(StrEnum):
    """Why staff decided not to contact someone for now."""

    IN_CONTACT = "in_contact"
    KNOWN_ABSENCE = "known_absence"
    ASKED_FOR_SPACE = "asked_for_space"
    SOMEONE_ELSE = "someone_else"
    OTHER = "other"


class RequestKind(StrEnum):
    """What a client asks to have changed in their care."""

    MORE_SESSIONS = "more_sessions"
    FEWER_SESSIONS = "fewer_sessions"
    OTHER_TIMES = "other_times"
    OTHER_COUNSELOR = "other_counselor"
    LEVEL_OF_CARE = "level_of_care"
    SOMETHING_ELSE = "something_else"


class RequestAnswer(StrEnum):
    """What a client hears back about a request."""

    AGREED = "agreed"
    TALK = "talk"
    NOT_NOW = "not_now"


class RequestEnd(StrEnum):
    """How a request ended."""

    AGREED = "agreed"
    NOT_NOW = "not_now"
    TAKEN_BACK = "taken_back"


class AuditKind(StrEnum):
    """What the audit trail can say, as `subject:verb`; each has a sentence in `queries/audit.py`."""

    SIGNED_IN = "account:signed-in"
    SIGN_IN_REFUSED = "account:sign-in-refused"
    SIGNED_OUT = "account:signed-out"
    ACCOUNT_CREATED = "account:created"
    ACCOUNT_INVITED = "account:invited"
    ACCOUNT_CHANGED = "account:changed"
    ACCOUNT_PASSWORD_SET = "account:password-set"  # noqa: S105 - a kind of event
    ACCOUNT_DISABLED = "account:disabled"
    ACCOUNT_ENABLED = "account:enabled"
    ACCESS_DENIED = "access:denied"
    WEEK_VIEWED = "week:viewed"
    WEEK_DOWNLOADED = "week:downloaded"
    CALENDAR_TURNED_ON = "calendar:turned-on"
    CALENDAR_CHANGED = "calendar:changed"
    CALENDAR_RENEWED = "calendar:renewed"
    CALENDAR_TURNED_OFF = "calendar:turned-off"
    CALENDAR_ENDED = "calendar:ended"
    CALENDARS_SWITCHED = "calendars:switched"
    INVITATIONS_SWITCHED = "invitations:switched"
    INVITATION_SENT = "invitation:sent"
    INVITATION_HELD = "invitation:held"
    TIMES_VIEWED = "times:viewed"
    CONSTRAINT_ADDED = "constraint:added"
    CONSTRAINT_CHANGED = "constraint:changed"
    CONSTRAINT_ENDED = "constraint:ended"
    CONSTRAINT_WITHDRAWN = "constraint:withdrawn"
    TIMES_UPLOADED = "times:uploaded"
    TIMES_UPLOAD_REMOVED = "times:upload-removed"
    TODAY_VIEWED = "today:viewed"
    ROSTER_VIEWED = "roster:viewed"
    ATTENDANCE_RECORDED = "attendance:recorded"
    ATTENDANCE_CORRECTED = "attendance:corrected"
    ATTENDANCE_CLEARED = "attendance:cleared"
    ABSENCE_TOLD = "absence:told"
    ABSENCE_TAKEN_BACK = "absence:taken-back"
    DELAY_TOLD = "delay:told"
    DELAY_TAKEN_BACK = "delay:taken-back"
    CHECKED_IN = "check-in:made"
    CHECK_IN_TAKEN_BACK = "check-in:taken-back"
    MAKE_UP_BOOKED = "make-up:booked"
    MAKE_UP_RELEASED = "make-up:released"
    MAKE_UPS_VIEWED = "make-ups:viewed"
    ATTENDANCE_AMENDED = "attendance:amended"
    SHEET_SIGNED = "sheet:signed"
    SHEET_REOPENED = "sheet:reopened"
    SHEET_NOT_HELD = "sheet:not-held"
    SHEET_VIEWED = "sheet:viewed"
    SIGN_IN_SHEET_PRINTED = "sign-in-sheet:printed"
    ROSTER_ADDED = "roster:added"
    ROSTER_REMOVED = "roster:removed"
    ROSTER_CODE_UNKNOWN = "roster:code-unknown"
    CO_LEADER_CHANGED = "co-leader:changed"
    CASELOAD_VIEWED = "caseload:viewed"
    CLIENT_VIEWED = "client:viewed"
    CLIENT_ADDED = "client:added"
    CLIENT_CHANGED = "client:changed"
    PEOPLE_VIEWED = "people:viewed"
    ASSIGNMENT_CHANGED = "assignment:changed"
    DOSE_PRESCRIBED = "dose:prescribed"
    ENROLLMENT_CHANGED = "enrollment:changed"
    PLACEMENT_VIEWED = "placement:viewed"
    PLACEMENT_DECIDED = "placement:decided"
    PLACEMENT_UNDONE = "placement:undone"
    PLACEMENT_VALUES_CHANGED = "placement-values:changed"
    PLACEMENT_RUN_ASKED = "placement-run:asked"
    PLACEMENT_RUN_STOPPED = "placement-run:stopped"
    PLACEMENT_RUN_ENDED = "placement-run:ended"
    PLACEMENT_RUN_VIEWED = "placement-run:viewed"
    PLACEMENT_RUN_DOWNLOADED = "placement-run:downloaded"
    PRIORITIES_VIEWED = "priorities:viewed"
    PRIORITIES_CHANGED = "priorities:changed"
    COUNSELOR_HOURS_CHANGED = "counselor-hours:changed"
    PLACEMENT_OFFERED = "placement:offered"
    OFFER_WITHDRAWN = "placement:offer-withdrawn"
    OFFER_VIEWED = "placement:offer-viewed"
    OFFER_ANSWERED = "placement:offer-answered"
    KEEP_APART_VIEWED = "keep-apart:viewed"
    KEEP_APART_ADDED = "keep-apart:added"
    KEEP_APART_LIFTED = "keep-apart:lifted"
    SEATS_HELD = "seats:held"
    SEATS_RELEASED = "seats:released"
    SEAT_PRICES_LEARNT = "seat-prices:learnt"
    MEMBERSHIP_STARTED = "membership:started"
    MEMBERSHIP_ENDED = "membership:ended"
    PROGRAM_WEEK_VIEWED = "program-week:viewed"
    GROUP_CREATED = "group:created"
    GROUP_CHANGED = "group:changed"
    GROUP_VIEWED = "group:viewed"
    SERIES_CREATED = "series:created"
    SERIES_CHANGED = "series:changed"
    SERIES_ENDED = "series:ended"
    OCCURRENCE_MOVED = "occurrence:moved"
    OCCURRENCE_CANCELLED = "occurrence:cancelled"
    OCCURRENCE_RESTORED = "occurrence:restored"
    OCCURRENCES_EXTENDED = "occurrences:extended"
    CLOSURE_ADDED = "closure:added"
    CLOSURE_REMOVED = "closure:removed"
    OCCURRENCE_CHANGED = "occurrence:changed"
    PROGRAM_CHANGED = "program:changed"
    ROOM_CHANGED = "room:changed"
    SITE_CHANGED = "site:changed"
    REPORT_VIEWED = "report:viewed"
    REPORT_REQUESTED = "report:requested"
    REPORT_ISSUED = "report:issued"
    REPORT_EXPORTED = "report:exported"
    DISCLOSURES_VIEWED = "disclosures:viewed"
    DISCLOSURE_ALLOWED = "disclosure:allowed"
    DISCLOSURE_REVOKED = "disclosure:revoked"
    PROGRESS_VIEWED = "progress:viewed"
    IMPORT_CHECKED = "import:checked"
    IMPORT_APPLIED = "import:applied"
    EXPORT_MADE = "export:made"
    AUDIT_VIEWED = "audit:viewed"
    REMINDER_SENT = "reminder:sent"
    REMINDER_HELD = "reminder:held"
    REMINDER_RETRIED = "reminder:retried"
    REMINDER_SETTLED = "reminder:settled"
    REMINDERS_VIEWED = "reminders:viewed"
    MESSAGES_VIEWED = "messages:viewed"
    CONSENT_GIVEN = "consent:given"
    CONSENT_ENDED = "consent:ended"
    CONTACT_ADDED = "contact:added"
    CONTACT_CONFIRMED = "contact:confirmed"
    CONTACT_STOPPED = "contact:stopped"
    WISHES_CHANGED = "wishes:changed"
    REPLY_RECEIVED = "reply:received"
    WORDING_CHANGED = "wording:changed"
    SETTINGS_CHANGED = "settings:changed"
    MONITOR_VIEWED = "monitor:viewed"
    MONITOR_CHANGED = "monitor:changed"
    SIGNAL_RAISED = "signal:raised"
    SIGNAL_REPLAYED = "signal:replayed"
    TIER_SET_ASIDE = "tier:set-aside"
    TIER_TAKEN_UP = "tier:taken-up"
    OUTREACH_VIEWED = "outreach:viewed"
    OUTREACH_OPENED = "outreach:opened"
    OUTREACH_LOGGED = "outreach:logged"
    OUTREACH_UNDONE = "outreach:undone"
    OUTREACH_HANDED_ON = "outreach:handed-on"
    OUTREACH_ESCALATED = "outreach:escalated"
    OUTREACH_CLOSED = "outreach:closed"
    SELF_REPORT_RECORDED = "self-report:recorded"
    SELF_REPORT_WITHDRAWN = "self-report:withdrawn"
    WEEK_WISHES_CHANGED = "week-wishes:changed"
    GOAL_ADDED = "goal:added"
    GOAL_ENDED = "goal:ended"
    CARE_REQUESTS_VIEWED = "care-requests:viewed"
    CARE_REQUESTED = "care-request:made"
    CARE_REQUEST_TAKEN_BACK = "care-request:taken-back"
    CARE_REQUEST_ANSWERED = "care-request:answered"
    NOTE_LEFT = "note:left"
    NOTE_SETTLED = "note:settled"
    SUPPORT_VIEWED = "support:viewed"
    SUPPORT_ADDED = "support:added"
    SUPPORT_ENDED = "support:ended"
    SUPPORT_INVITED = "support:invited"
    SUPPORT_REVOKED = "support:revoked"
    SUPPORT_LINK_MADE = "support:link-made"
    SUPPORT_LINK_OPENED = "support:link-opened"
