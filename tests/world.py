"""The cast with one of everything that has an address: dated sessions, marks, closures, another counselor.

Everybody is called by a name nobody else has, so that a page tells by its words whom it shows.
Also at Elm Street: Nora, a counselor, and Max, her client, whom neither Carol nor Dev is responsible for.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from iop_schedule.models import (
    AttendanceRecord,
    AttendanceRevision,
    Client,
    ClientConstraint,
    Closure,
    DisclosureConsent,
    ImportRun,
    IssuedReport,
    KeepApart,
    Occurrence,
    PlacementRun,
    ReportRun,
    RosterEntry,
    Series,
    User,
    db,
)
from iop_schedule.vocabulary import (
    AssignmentRole,
    AttendanceStatus,
    ConstraintKind,
    ImportState,
    Role,
    RosterSource,
)
from tests import factories as make
from tests.cast import Cast

MADE_AT = datetime(2026, 2, 1, tzinfo=UTC)
LAST_MONDAY, TODAY, NEXT_MONDAY = date(2026, 3, 2), date(2026, 3, 4), date(2026, 3, 9)


@dataclass(frozen=True, slots=True)
class World:
    """What the cast does not hold."""

    cast: Cast
    nora: User
    max: Client
    max_user: User
    #: Elm Street, led by Carol: Ana and Ben expected, Ana marked.
    held: Occurrence
    today: Occurrence
    #: Ana's one-to-one, and Ben's.
    anas: Occurrence
    bens: Occurrence
    #: Elm Street, led by Nora, with Max.
    noras: Occurrence
    #: The other site, led by Eve, with Zoe.
    far_held: Occurrence
    far_coming: Occurrence
    ana_constraint: ClientConstraint
    ben_constraint: ClientConstraint
    zoe_constraint: ClientConstraint
    closure: Closure
    far_closure: Closure
    #: Uploads of the two administrators.
    upload: ImportRun
    far_upload: ImportRun
    #: Plans for everyone that the two administrators asked for.
    plan: PlacementRun
    far_plan: PlacementRun
    #: Consents to disclose and reports that went out, of Ana, Ben and Zoe, and reports asked for.
    consents: tuple[DisclosureConsent, ...]
    issued: tuple[IssuedReport, ...]
    run: ReportRun
    far_run: ReportRun
    #: Kept apart: Ana and Ben, Zoe and somebody, Ana and Max.
    apart: tuple[KeepApart, KeepApart, KeepApart]


def make_world(cast: Cast) -> World:
    """Add everything else around the cast and return it; the caller commits."""
    for client, called in ((cast.ana, "Tamblewyn"), (cast.ben, "Grobbert"), (cast.zoe, "Vixolind")):
        client.preferred_name = called
    nora = make.make_user(
        Role.COUNSELOR,
        cast.elm,
        code="nora",
        email="nora@example.org",
        given_name="Nora",
        family_name="Petrov",
    )
    max_user = make.make_user(
        Role.CLIENT, email="max@example.net", given_name="Max", family_name="Jabberwock"
    )
    max_ = make.make_client(
        cast.elm,
        code="max",
        given_name="Max",
        family_name="Jabberwock",
        user_id=max_user.id,
        email=max_user.email,
    )
    make.make_assignment(max_, nora, AssignmentRole.COUNSELOR)
    make.make_dose(make.make_enrollment(max_, cast.program))
    noras_group = make.make_group(cast.program, code="noras", name="Family and Recovery")
    noras = make.make_meeting(noras_group, nora, code="noras-mo", weekday=0, local_start=time(13))
    make.make_member(noras, max_)
    bens = make.make_individual(
        cast.ben, cast.program, cast.carol, code="ben-1to1", weekday=1, local_start=time(10)
    )
    zoe_constraint = make.make_constraint(
        cast.zoe, cast.zoe_user, kind=ConstraintKind.SCHOOL, label="evening class", weekday=3
    )
    held = occurrence(cast.monday, LAST_MONDAY, cast.ana, cast.ben)
    far_held = occurrence(cast.far_monday, LAST_MONDAY, cast.zoe)
    for client in (cast.ana, cast.ben, cast.zoe):
        make.make_link(make.make_feed(client_id=client.id, label="My phone"))
        make.make_upload(client)
    mark(held, cast.ana, cast.carol)
    mark(far_held, cast.zoe, cast.eve)
    plan = make.make_placement_run(cast.program, cast.root)
    far_plan = make.make_placement_run(cast.far_program, cast.trent)
    make.make_proposal(plan, cast.ana)
    make.make_proposal(far_plan, cast.zoe)
    for client, user, session in (
        (cast.ana, cast.dev, held), (cast.ben, cast.dev, held), (cast.zoe, cast.mallory, far_held),
        (max_, nora, held),
    ):  # fmt: skip
        _contacted(client, user)
        make.make_handover_note(client, session, user)
        friend = make.make_support_person(client, user, name=f"A friend of {client.called}")
        make.make_support_consent(friend, session, user)
    yan = make.make_client(cast.far, code="yan", given_name="Yan")
    make.make_assignment(yan, cast.mallory, AssignmentRole.CASE_MANAGER)
    return World(
        cast=cast, nora=nora, max=max_, max_user=max_user, held=held, far_held=far_held,
        today=occurrence(cast.wednesday, TODAY, cast.ana, cast.ben),
        anas=occurrence(cast.one_to_one, TODAY + timedelta(days=1), cast.ana),
        bens=occurrence(bens, TODAY + timedelta(days=6), cast.ben),
        noras=occurrence(noras, LAST_MONDAY, max_),
        far_coming=occurrence(cast.far_monday, NEXT_MONDAY, cast.zoe),
        ana_constraint=_constraint_of(cast.ana), ben_constraint=_constraint_of(cast.ben),
        zoe_constraint=zoe_constraint,
        closure=make.make_closure(cast.elm, from_day=date(2026, 5, 25), until_day=date(2026, 5, 25)),
        far_closure=make.make_closure(cast.far, from_day=date(2026, 5, 25), until_day=date(2026, 5, 25)),
        upload=_upload("a" * 32, cast.root), far_upload=_upload("b" * 32, cast.trent),
        plan=plan, far_plan=far_plan,
        consents=tuple(make.make_consent(c, cast.root) for c in (cast.ana, cast.ben, cast.zoe)),
        issued=tuple(
            make.make_issued_report(client, user)
            for client, user in ((cast.ana, cast.root), (cast.ben, cast.root), (cast.zoe, cast.trent))
        ),
        run=make.make_report_run("d" * 32, cast.root, cast.program),
        far_run=make.make_report_run("e" * 32, cast.trent, cast.far_program),
        apart=(
            make.make_apart(cast.ana, cast.ben, by=cast.root), make.make_apart(cast.zoe, yan, by=cast.trent),
            make.make_apart(cast.ana, max_, by=cast.root),
        ),
    )  # fmt: skip


def occurrence(series: Series, day: date, *expected: Client) -> Occurrence:
    """Add one dated session of `series` on `day` with `expected` on its roster."""
    starts_at = datetime.combine(day, series.local_start, ZoneInfo(series.site.zone)).astimezone(UTC)
    row = Occurrence(
        series=series, original_day=day, local_day=day, site=series.site, starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=series.duration_minutes), break_minutes=series.break_minutes,
        leader=series.leader, room=series.room, updated_at=MADE_AT,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    source = RosterSource.INDIVIDUAL if series.client_id else RosterSource.MEMBER
    db.session.add_all(RosterEntry(occurrence=row, client=client, source=source) for client in expected)
    db.session.flush()
    return row


def mark(held: Occurrence, client: Client, by: User) -> None:
    """Mark `client` present for the whole of `held`."""
    (entry,) = (entry for entry in held.roster if entry.client_id == client.id)
    facts = {
        "status": AttendanceStatus.ATTENDED, "minutes": held.scheduled_minutes, "version": 1,
        "marked_at": held.ends_at, "marked_by_id": by.id,
    }  # fmt: skip
    db.session.add(AttendanceRecord(roster_entry_id=entry.id, **facts))
    db.session.add(AttendanceRevision(roster_entry_id=entry.id, **facts))
    db.session.flush()


def _contacted(client: Client, user: User) -> None:
    """Give `client` one of everything outreach keeps, and something they ask for."""
    signal = make.make_signal(client)
    task = make.make_task(client, user, signal=signal)
    make.make_attempt(client, user, task=task)
    make.make_set_aside(client, user)
    make.make_self_report(client, user)
    make.make_care_request(client, user)
    make.make_goal(client)


def _upload(run_id: str, user: User) -> ImportRun:
    run = ImportRun(
        id=run_id, user=user, state=ImportState.REFUSED, files=["clients.csv"], counts={},
        problems={"listed": [], "more": 0, "notes": []}, created_at=MADE_AT,
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    return run


def _constraint_of(client: Client) -> ClientConstraint:
    found: ClientConstraint = (
        db.session.query(ClientConstraint)
        .filter_by(client_id=client.id)
        .order_by(ClientConstraint.id)
        .first()
    )
    return found
