"""One plain function per table, with unsurprising defaults; each flushes and returns its row."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import uuid4

from flask_security import hash_password
from sqlalchemy import select

from iop_schedule.domain import civil_time
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    AttendanceRevision,
    CalendarFeed,
    CalendarLink,
    CareRequest,
    Client,
    ClientConstraint,
    ClientGoal,
    ClientWishes,
    Closure,
    CommitmentUpload,
    ContactConsent,
    ContactPoint,
    DisclosureConsent,
    Enrollment,
    EnrollmentPause,
    Group,
    HandoverNote,
    IssuedReport,
    KeepApart,
    Occurrence,
    OutreachAttempt,
    OutreachTask,
    PlacementOffer,
    PlacementOfferMeeting,
    PlacementProposal,
    PlacementRun,
    PrescribedDose,
    Program,
    ReportRun,
    RiskSignal,
    RoleRow,
    Room,
    RosterEntry,
    SeatHold,
    SelfReportRow,
    Series,
    SeriesMember,
    SetAside,
    SignOff,
    Site,
    SupportConsent,
    SupportPerson,
    User,
    db,
)
from iop_schedule.vocabulary import (
    AssignmentRole,
    AttendanceStatus,
    Channel,
    ConsentPurpose,
    ConstraintKind,
    EnrollmentStatus,
    Evidence,
    LevelOfCare,
    PlacementAim,
    ProposalKind,
    ProposalState,
    ReportKind,
    ReportState,
    RequestKind,
    Role,
    RosterSource,
    RunKind,
    RunState,
    SeriesKind,
    ServiceType,
    SignOffKind,
    UploadSource,
)

PASSWORD = "correct horse battery"
LONG_AGO = date(2025, 1, 1)
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)

_numbers = count(1)


def _code(prefix: str) -> str:
    return f"{prefix}{next(_numbers)}"


@lru_cache(maxsize=1)
def _hashed() -> str:
    hashed: str = hash_password(PASSWORD)
    return hashed


_together = False


@contextmanager
def together() -> Iterator[None]:
    """Write what is made in the block at its end, all at once: far fewer statements."""
    global _together  # noqa: PLW0603 - one test at a time
    _together = True
    try:
        with db.session.no_autoflush:
            yield
    finally:
        _together = False
    db.session.flush()


def _add(row: Any) -> Any:
    db.session.add(row)
    if not _together:
        db.session.flush()
    return row


def make_site(**given: Any) -> Site:
    code = _code("site")
    site: Site = _add(Site(**{"code": code, "name": code.title(), "zone": "America/New_York", **given}))
    return site


def make_program(site: Site, **given: Any) -> Program:
    code = _code("program")
    defaults = {"code": code, "name": code.title(), "level_of_care": LevelOfCare.IOP_ADULT}
    program: Program = _add(Program(site=site, **{**defaults, **given}))
    return program


def make_room(site: Site, **given: Any) -> Room:
    code = _code("room")
    room: Room = _add(Room(site=site, **{"code": code, "name": code.title(), "seats": 14, **given}))
    return room


def _role(role: Role) -> RoleRow:
    waiting = (row for row in db.session.new if isinstance(row, RoleRow) and row.name == role)
    stored = db.session.scalars(select(RoleRow).where(RoleRow.name == role)).one_or_none()
    row: RoleRow = next(waiting, None) or stored or _add(RoleRow(name=role))
    return row


def make_user(role: Role, *sites: Site, **given: Any) -> User:
    name = _code("person")
    row = _role(role)
    defaults = {
        "code": None if role is Role.CLIENT else name,
        "email": f"{name}@example.org",
        "password": _hashed(),
        "given_name": name.title(),
        "family_name": "Example",
        "fs_uniquifier": uuid4().hex,
        "created_at": MADE_AT,
    }
    user: User = _add(User(roles=[row], sites=list(sites), **{**defaults, **given}))
    return user


def make_client(site: Site, **given: Any) -> Client:
    name = _code("client")
    defaults = {
        "code": name,
        "given_name": name.title(),
        "family_name": "Example",
        "languages": ["en"],
        "created_at": MADE_AT,
    }
    client: Client = _add(Client(site=site, **{**defaults, **given}))
    return client


def make_point(client: Client, channel: Channel = Channel.EMAIL, **given: Any) -> ContactPoint:
    """A confirmed address messages to a client go to."""
    defaults: dict[str, Any] = {
        "address": client.email if channel is Channel.EMAIL else "+12025550142",
        "added_at": MADE_AT,
        "confirmed_at": MADE_AT,
        "confirmed_by": Evidence.CODE,
        "code_tries": 0,
    }
    row: ContactPoint = _add(ContactPoint(client_id=client.id, channel=channel, **{**defaults, **given}))
    return row


def make_agreement(
    client: Client,
    purpose: ConsentPurpose = ConsentPurpose.REMINDERS,
    channel: Channel = Channel.EMAIL,
    **given: Any,
) -> ContactConsent:
    defaults: dict[str, Any] = {"given_at": MADE_AT, "evidence": Evidence.ONLINE}
    row: ContactConsent = _add(
        ContactConsent(client_id=client.id, channel=channel, purpose=purpose, **{**defaults, **given})
    )
    return row


def make_reachable(client: Client, channel: Channel = Channel.EMAIL, **point: Any) -> None:
    """Write down a confirmed address and that the client agreed to reminders there."""
    make_point(client, channel, **point)
    make_agreement(client, channel=channel)


def make_assignment(client: Client, user: User, role: AssignmentRole, **given: Any) -> Assignment:
    row: Assignment = _add(Assignment(client=client, user=user, role=role, **{"from_day": LONG_AGO, **given}))
    return row


def make_enrollment(client: Client, program: Program, **given: Any) -> Enrollment:
    defaults = {
        "code": _code("enrollment"),
        "status": EnrollmentStatus.ACTIVE,
        "from_day": date(2026, 1, 5),
    }
    row: Enrollment = _add(Enrollment(client=client, program=program, **{**defaults, **given}))
    return row


def make_pause(client: Client, from_day: date, until_day: date | None = None) -> EnrollmentPause:
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.client_id == client.id)).one()
    row: EnrollmentPause = _add(
        EnrollmentPause(enrollment=enrollment, from_day=from_day, until_day=until_day, reason="hospital")
    )
    return row


def make_dose(enrollment: Enrollment, **given: Any) -> PrescribedDose:
    defaults: dict[str, Any] = {"from_day": enrollment.from_day, "minutes": 540, "required_services": []}
    row: PrescribedDose = _add(PrescribedDose(enrollment=enrollment, **{**defaults, **given}))
    return row


def make_group(program: Program, **given: Any) -> Group:
    code = _code("group")
    defaults = {"code": code, "name": code.title(), "service_type": ServiceType.GROUP, "seats": 12}
    row: Group = _add(Group(program=program, **{**defaults, **given}))
    return row


def make_meeting(group: Group, leader: User, **given: Any) -> Series:
    defaults: dict[str, Any] = {
        "code": _code("meeting"),
        "kind": SeriesKind.GROUP,
        "site": group.program.site,
        "program": group.program,
        "service_type": group.service_type,
        "modality": group.modality,
        "weekday": 0,
        "local_start": time(9),
        "duration_minutes": 180,
        "from_day": date(2026, 1, 5),
        "created_at": MADE_AT,
    }
    row: Series = _add(Series(group=group, leader=leader, **{**defaults, **given}))
    return row


def make_individual(client: Client, program: Program, leader: User, **given: Any) -> Series:
    defaults: dict[str, Any] = {
        "code": _code("individual"),
        "kind": SeriesKind.INDIVIDUAL,
        "site": program.site,
        "service_type": ServiceType.INDIVIDUAL,
        "weekday": 4,
        "local_start": time(10),
        "duration_minutes": 50,
        "from_day": date(2026, 1, 5),
        "created_at": MADE_AT,
    }
    row: Series = _add(Series(client=client, program=program, leader=leader, **{**defaults, **given}))
    return row


def make_member(series: Series, client: Client, **given: Any) -> SeriesMember:
    row: SeriesMember = _add(
        SeriesMember(series=series, client=client, **{"from_day": date(2026, 1, 5), **given})
    )
    return row


def make_occurrence(series: Series, day: date, **given: Any) -> Occurrence:
    starts_at = civil_time.instant(day, series.local_start, civil_time.zone(series.site.zone))
    defaults: dict[str, Any] = {
        "original_day": day,
        "site": series.site,
        "local_day": day,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=series.duration_minutes),
        "break_minutes": series.break_minutes,
        "leader": series.leader,
        "room": series.room,
        "updated_at": MADE_AT,
    }
    row: Occurrence = _add(Occurrence(series=series, **{**defaults, **given}))
    return row


def make_entry(occurrence: Occurrence, client: Client, **given: Any) -> RosterEntry:
    row: RosterEntry = _add(
        RosterEntry(occurrence=occurrence, client=client, **{"source": RosterSource.MEMBER, **given})
    )
    return row


def make_record(entry: RosterEntry, status: AttendanceStatus, **given: Any) -> AttendanceRecord:
    held = entry.occurrence
    defaults: dict[str, Any] = {
        "minutes": held.scheduled_minutes if status is AttendanceStatus.ATTENDED else 0,
        "version": 1,
        "marked_at": held.ends_at,
        "marked_by_id": held.leader_id,
    }
    row: AttendanceRecord = _add(
        AttendanceRecord(roster_entry_id=entry.id, status=status, **{**defaults, **given})
    )
    return row


def make_revision(record: AttendanceRecord, **given: Any) -> AttendanceRevision:
    """The mark as it stands in `record`, kept for good."""
    names = ("roster_entry_id", "version", "status", "minutes", "marked_at", "marked_by_id")
    row: AttendanceRevision = _add(
        AttendanceRevision(**{**{name: getattr(record, name) for name in names}, **given})
    )
    return row


def make_sign_off(occurrence: Occurrence, by: User, **given: Any) -> SignOff:
    defaults: dict[str, Any] = {
        "version": 1,
        "kind": SignOffKind.SIGNED,
        "at": occurrence.ends_at,
        "counts": {},
        "minutes": 0,
    }
    row: SignOff = _add(SignOff(occurrence_id=occurrence.id, by=by, **{**defaults, **given}))
    return row


def make_constraint(client: Client, created_by: User, **given: Any) -> ClientConstraint:
    defaults: dict[str, Any] = {
        "kind": ConstraintKind.WORK,
        "weekday": None if "day" in given else 0,
        "local_start": time(13),
        "local_end": time(21),
        "from_day": LONG_AGO,
        "created_at": MADE_AT,
    }
    row: ClientConstraint = _add(
        ClientConstraint(client=client, created_by_id=created_by.id, **{**defaults, **given})
    )
    return row


def make_closure(site: Site, **given: Any) -> Closure:
    row: Closure = _add(Closure(site=site, **{"name": "Holiday", **given}))
    return row


def make_placement_run(program: Program, user: User, **given: Any) -> PlacementRun:
    """Add a plan for everyone that was stopped before it began."""
    values = {"kind": RunKind.GROUPS, "aim": PlacementAim.STAY, "options": {}, "from_day": LONG_AGO,
              "seconds": 60, "policy": [], "state": RunState.STOPPED, "created_at": MADE_AT,
              "progress": {}, "summary": {}, "problem_words": ""}  # fmt: skip
    return _add(PlacementRun(
        site_id=program.site_id, program_id=program.id, requested_by_id=user.id, **(values | given)
    ))  # fmt: skip


def make_proposal(run: PlacementRun, client: Client, **given: Any) -> PlacementProposal:
    """Add an undecided proposal of a run: a first place in nothing, unless told otherwise."""
    values = {"kind": ProposalKind.PLACE, "before": [], "after": [], "session": {}, "minutes_before": 0,
              "minutes_after": 0, "state": ProposalState.OPEN, "note": "", "undo": {}}  # fmt: skip
    return _add(PlacementProposal(run=run, client=client, **(values | given)))


def make_hold(series: Series, client: Client, held_by: User, **given: Any) -> SeatHold:
    held_at = given.get("held_at", MADE_AT)
    defaults = {"from_day": series.from_day, "held_at": held_at, "expires_at": held_at + timedelta(hours=48)}
    row: SeatHold = _add(
        SeatHold(series=series, client=client, held_by_id=held_by.id, **{**defaults, **given})
    )
    return row


def make_apart(one: Client, other: Client, *, by: User) -> KeepApart:
    first, second = sorted((one, other), key=lambda client: client.id)
    row: KeepApart = _add(
        KeepApart(client_id=first.id, other_id=second.id, made_at=MADE_AT, made_by_id=by.id)
    )
    return row


def make_offer(client: Client, made_by: User, options: list[list[Series]], **given: Any) -> PlacementOffer:
    made_at = given.get("made_at", MADE_AT)
    meetings = [
        PlacementOfferMeeting(option=number, series=series)
        for number, option in enumerate(options, 1)
        for series in option
    ]
    defaults = {"from_day": date(2026, 3, 9), "made_at": made_at, "expires_at": made_at + timedelta(days=7)}
    row: PlacementOffer = _add(
        PlacementOffer(client=client, made_by=made_by, meetings=meetings, **{**defaults, **given})
    )
    return row


def make_feed(**given: Any) -> CalendarFeed:
    feed: CalendarFeed = _add(CalendarFeed(**{"created_at": MADE_AT, "changed_at": MADE_AT, **given}))
    return feed


def make_link(feed: CalendarFeed, **given: Any) -> CalendarLink:
    row: CalendarLink = _add(
        CalendarLink(feed=feed, **{"token_hash": _code("hash"), "created_at": MADE_AT, **given})
    )
    return row


def make_upload(client: Client, **given: Any) -> CommitmentUpload:
    """An uploaded calendar of the client's own, with no times."""
    found: CommitmentUpload = _add(
        CommitmentUpload(
            client=client,
            **{
                "kind": ConstraintKind.WORK,
                "source": UploadSource.CALENDAR,
                "until_day": date(2026, 9, 1),
                "created_at": MADE_AT,
                "created_by_id": client.user_id,
                **given,
            },
        )
    )
    return found


def make_consent(client: Client, by: User, **given: Any) -> DisclosureConsent:
    defaults: dict[str, Any] = {
        "recipient": "Dr. P. Quill",
        "purpose": "Planning care together",
        "signed_on": date(2026, 2, 2),
        "expires_on": date(2027, 2, 1),
        "recorded_at": MADE_AT,
        "recorded_by_id": by.id,
    }
    row: DisclosureConsent = _add(DisclosureConsent(client=client, **{**defaults, **given}))
    return row


def make_issued_report(client: Client, by: User, **given: Any) -> IssuedReport:
    document = {
        "name": client.full_name, "program": "Adult IOP", "site": client.site.name, "span": "Jan 5 to Feb 1, 2026",
        "issued_by": by.name, "recipient": "Dr. P. Quill", "purpose": "Planning care together",
        "signed_on": "Feb 2, 2026", "expires_on": "Feb 1, 2027", "sections": [],
    }  # fmt: skip
    defaults: dict[str, Any] = {
        "from_day": date(2026, 1, 5), "until_day": date(2026, 2, 1), "document": document,
        "issued_at": MADE_AT, "issued_by": by,
    }  # fmt: skip
    row: IssuedReport = _add(IssuedReport(client=client, **{**defaults, **given}))
    return row


def make_report_run(run_id: str, by: User, program: Program, **given: Any) -> ReportRun:
    defaults: dict[str, Any] = {
        "kind": ReportKind.PROGRAM, "asked": {"program": program.id, "first": "2026-W02", "weeks": 4},
        "state": ReportState.READY, "percent": 100, "result": {"sections": []}, "created_at": MADE_AT,
    }  # fmt: skip
    row: ReportRun = _add(ReportRun(id=run_id, user_id=by.id, **{**defaults, **given}))
    return row


def make_signal(client: Client, **given: Any) -> RiskSignal:
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.client_id == client.id)).first()
    defaults: dict[str, Any] = {
        "program_id": enrollment.program_id if enrollment else None,
        "policy": "2026-1",
        "tier": "reach_out",
        "reasons": [],
        "day": date(2026, 3, 2),
        "raised_at": MADE_AT,
        "silent": False,
    }
    row: RiskSignal = _add(RiskSignal(client=client, **{**defaults, **given}))
    return row


def make_task(client: Client, user: User, **given: Any) -> OutreachTask:
    defaults: dict[str, Any] = {"tier": "reach_out", "opened_at": MADE_AT, "due_day": date(2026, 3, 4)}
    row: OutreachTask = _add(OutreachTask(client=client, user=user, **{**defaults, **given}))
    return row


def make_attempt(client: Client, user: User, **given: Any) -> OutreachAttempt:
    defaults: dict[str, Any] = {
        "at": MADE_AT,
        "channel": "call",
        "result": "no_answer",
        "next_step": "try_again",
        "next_day": date(2026, 3, 5),
        "recorded_at": MADE_AT,
    }
    row: OutreachAttempt = _add(OutreachAttempt(client=client, user=user, **{**defaults, **given}))
    return row


def make_set_aside(client: Client, user: User, **given: Any) -> SetAside:
    defaults: dict[str, Any] = {
        "tier": "reach_out",
        "reason": "in_contact",
        "from_day": date(2026, 1, 5),
        "until_day": date(2026, 1, 12),
        "made_at": MADE_AT,
    }
    row: SetAside = _add(SetAside(client=client, made_by=user, **{**defaults, **given}))
    return row


def make_care_request(client: Client, user: User, **given: Any) -> CareRequest:
    defaults: dict[str, Any] = {"kind": RequestKind.OTHER_TIMES, "words": "", "asked_at": MADE_AT}
    row: CareRequest = _add(CareRequest(client=client, asked_by=user, **{**defaults, **given}))
    return row


def make_goal(client: Client, **given: Any) -> ClientGoal:
    defaults: dict[str, Any] = {"words": "A class", "time_name": "", "added_at": MADE_AT}
    row: ClientGoal = _add(ClientGoal(client_id=client.id, **{**defaults, **given}))
    return row


def make_wishes(client: Client, user: User, **given: Any) -> ClientWishes:
    defaults: dict[str, Any] = {
        "time": "any", "liked_days": [], "disliked_days": [], "said_at": MADE_AT, "said_by_id": user.id,
    }  # fmt: skip
    row: ClientWishes = _add(ClientWishes(client_id=client.id, **{**defaults, **given}))
    return row


def make_handover_note(client: Client, occurrence: Occurrence, user: User, **given: Any) -> HandoverNote:
    defaults: dict[str, Any] = {"words": "Asks for evenings", "left_at": MADE_AT, "left_by_id": user.id}
    about = {"client_id": client.id, "occurrence_id": occurrence.id}
    row: HandoverNote = _add(HandoverNote(**{**about, **defaults, **given}))
    return row


def make_support_person(client: Client, user: User, **given: Any) -> SupportPerson:
    defaults: dict[str, Any] = {"name": "Sam", "added_at": MADE_AT, "added_by_id": user.id}
    row: SupportPerson = _add(SupportPerson(client_id=client.id, **{**defaults, **given}))
    return row


def make_support_consent(
    person: SupportPerson, occurrence: Occurrence, user: User, **given: Any
) -> SupportConsent:
    defaults: dict[str, Any] = {"given_on": MADE_AT.date(), "evidence": Evidence.SPOKEN,
        "expires_on": occurrence.local_day + timedelta(days=14), "recorded_at": MADE_AT,
        "recorded_by_id": user.id}  # fmt: skip
    whose = {"client_id": person.client_id, "person_id": person.id, "occurrence_id": occurrence.id}
    row: SupportConsent = _add(SupportConsent(**{**whose, **defaults, **given}))
    return row


def make_self_report(client: Client, user: User, **given: Any) -> SelfReportRow:
    defaults: dict[str, Any] = {"day": date(2026, 1, 20), "use_score": 0, "risk_score": 6,
        "protective_score": 18, "items": {}, "recorded_at": MADE_AT}  # fmt: skip
    row: SelfReportRow = _add(SelfReportRow(client=client, recorded_by=user, **{**defaults, **given}))
    return row
