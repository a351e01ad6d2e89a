"""Real ids for every address, from each person's side: own, somebody else's, nobody's."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from iop_schedule.models import (
    CalendarFeed,
    CareRequest,
    ClientGoal,
    CommitmentUpload,
    Enrollment,
    HandoverNote,
    OutreachAttempt,
    OutreachTask,
    RiskSignal,
    RosterEntry,
    SelfReportRow,
    SetAside,
    SupportConsent,
    SupportPerson,
    db,
)
from iop_schedule.vocabulary import Role
from tests.world import World

#: An id that no row has, and that no row will have during a test.
MISSING = 987_654


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who visits: their address, their role, and which of the two sites is theirs."""

    name: str
    email: str | None
    role: Role | None
    at_elm: bool = True

    @property
    def column(self) -> int:
        """Return which word of a line in endpoints.toml is meant for this person."""
        return 0 if self.role is None else 1 + list(Role).index(self.role)


PEOPLE = (
    Person("anonymous", None, None),
    Person("Ana", "ana@example.net", Role.CLIENT),
    Person("Carol", "carol@example.org", Role.COUNSELOR),
    Person("Dev", "dev@example.org", Role.CASE_MANAGER),
    Person("Root", "root@example.org", Role.ADMINISTRATOR),
    Person("Zoe", "zoe@example.net", Role.CLIENT, at_elm=False),
    Person("Eve", "eve@example.org", Role.COUNSELOR, at_elm=False),
    Person("Mallory", "mallory@example.org", Role.CASE_MANAGER, at_elm=False),
    Person("Trent", "trent@example.org", Role.ADMINISTRATOR, at_elm=False),
)


@dataclass(frozen=True, slots=True)
class Ids:
    """Values one parameter of an address can take, for people of Elm Street and of the other site."""

    elm: int | str
    far: int | str
    #: More of Elm Street's that are not theirs, by role.
    hidden: dict[Role, tuple[int, ...]]
    #: Elm Street's own, but belonging to another client than `client_id` of the same address.
    of_another: int | None = None
    #: What no row has.
    missing: int | str = MISSING

    def own(self, person: Person) -> int | str:
        return self.elm if person.at_elm else self.far

    def foreign(self, person: Person) -> tuple[int | str, ...]:
        if not person.at_elm:
            return (self.elm,)
        return (self.far, *self.hidden.get(person.role or Role.CLIENT, ()))


def _entry(world: World, occurrence: Any, client: Any) -> int:
    return int(
        db.session.query(RosterEntry.id).filter_by(occurrence_id=occurrence.id, client_id=client.id).scalar()
    )


def _enrollment(client: Any) -> int:
    return int(db.session.query(Enrollment.id).filter_by(client_id=client.id).scalar())


def _feed(client: Any) -> int:
    return int(db.session.query(CalendarFeed.id).filter_by(client_id=client.id).scalar())


def _upload(client: Any) -> int:
    return int(db.session.query(CommitmentUpload.id).filter_by(client_id=client.id).scalar())


def _about(table: Any, w: World) -> Ids:
    """Return the ids of rows of `table` about Ana and Zoe; Max's is nobody's of Dev's."""
    ana, ben, zoe, max_ = (
        int(db.session.query(table.id).filter_by(client_id=client.id).first()[0])
        for client in (w.cast.ana, w.cast.ben, w.cast.zoe, w.max)
    )
    return Ids(ana, zoe, {Role.CLIENT: (ben,), Role.COUNSELOR: (max_,), Role.CASE_MANAGER: (max_,)}, ben)


#: By name of the parameter. A new kind of id gets one line here.
PARAMETERS: dict[str, Callable[[World], Ids]] = {
    "client_id": lambda w: Ids(
        w.cast.ana.id, w.cast.zoe.id,
        {Role.CLIENT: (w.cast.ben.id, w.max.id), Role.COUNSELOR: (w.max.id,), Role.CASE_MANAGER: (w.max.id,)},
    ),
    "occurrence_id": lambda w: Ids(
        w.held.id, w.far_held.id,
        {Role.CLIENT: (w.bens.id, w.noras.id), Role.COUNSELOR: (w.noras.id,)},
    ),
    "commitment_id": lambda w: Ids(
        w.ana_constraint.id, w.zoe_constraint.id, {Role.CLIENT: (w.ben_constraint.id,)}, w.ben_constraint.id
    ),
    "entry_id": lambda w: Ids(
        _entry(w, w.held, w.cast.ana), _entry(w, w.far_held, w.cast.zoe),
        {Role.CLIENT: (_entry(w, w.held, w.cast.ben),), Role.COUNSELOR: (_entry(w, w.noras, w.max),)},
        _entry(w, w.noras, w.max),
    ),
    "enrollment_id": lambda w: Ids(
        _enrollment(w.cast.ana), _enrollment(w.cast.zoe), {}, _enrollment(w.cast.ben)
    ),
    "series_id": lambda w: Ids(w.cast.monday.id, w.cast.far_monday.id, {}),
    "group_id": lambda w: Ids(w.cast.group.id, w.cast.far_group.id, {}),
    "room_id": lambda w: Ids(w.cast.room.id, w.cast.far_room.id, {}),
    "program_id": lambda w: Ids(w.cast.program.id, w.cast.far_program.id, {}),
    "site_id": lambda w: Ids(w.cast.elm.id, w.cast.far.id, {}),
    "closure_id": lambda w: Ids(w.closure.id, w.far_closure.id, {}),
    "feed_id": lambda w: Ids(_feed(w.cast.ana), _feed(w.cast.zoe), {Role.CLIENT: (_feed(w.cast.ben),)}),
    "upload_id": lambda w: Ids(
        _upload(w.cast.ana), _upload(w.cast.zoe), {Role.CLIENT: (_upload(w.cast.ben),)}, _upload(w.cast.ben)
    ),
    "placement_run_id": lambda w: Ids(w.plan.id, w.far_plan.id, {}),
    "run_id": lambda w: Ids(w.upload.id, w.far_upload.id, {}, missing="c" * 32),
    "consent_id": lambda w: Ids(w.consents[0].id, w.consents[2].id, {}, w.consents[1].id),
    "issued_id": lambda w: Ids(w.issued[0].id, w.issued[2].id, {}, w.issued[1].id),
    "report_id": lambda w: Ids(w.run.id, w.far_run.id, {}, missing="f" * 32),
    "attempt_id": lambda w: _about(OutreachAttempt, w),
    "goal_id": lambda w: _about(ClientGoal, w),
    "note_id": lambda w: _about(HandoverNote, w),
    "person_id": lambda w: _about(SupportPerson, w),
    "support_consent_id": lambda w: _about(SupportConsent, w),
    "request_id": lambda w: _about(CareRequest, w),
    "task_id": lambda w: _about(OutreachTask, w),
    "set_aside_id": lambda w: _about(SetAside, w),
    "signal_id": lambda w: _about(RiskSignal, w),
    "self_report_id": lambda w: _about(SelfReportRow, w),
    "pair_id": lambda w: Ids(w.apart[0].id, w.apart[1].id, {Role.CASE_MANAGER: (w.apart[2].id,)}),
    "user_id": lambda w: Ids(w.nora.id, w.cast.eve.id, {}),
}  # fmt: skip

#: Parameters that name no record: one value for everybody.
CONSTANTS = {
    "channel": "email",
    "language": "en",
    "purpose": "reminder",
    "delivery_id": "nothing",
    "day": "2026-03-04",
    "week": "2026-W10",
    "token": "nothing",
    "kind": "nothing",
    "state": "off",
    "file": "plan",
    "section": "week",
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One address one person tries: with ids of their `own`, a `foreign` one, or a `missing` one."""

    side: str
    values: dict[str, Any]


def visits(person: Person, parameters: set[str], world: World) -> Iterator[Visit]:
    """Yield every combination that matters of values for an address with these parameters."""
    unknown = parameters - set(PARAMETERS) - set(CONSTANTS)
    assert not unknown, f"add {sorted(unknown)} to PARAMETERS in tests/repository/addresses.py"
    constant = {name: CONSTANTS[name] for name in parameters if name in CONSTANTS}
    ids = {name: PARAMETERS[name](world) for name in sorted(parameters - set(constant))}
    own = {**constant, **{name: found.own(person) for name, found in ids.items()}}
    yield Visit("own", own)
    for name, found in ids.items():
        yield Visit("missing", {**own, name: found.missing})
        for value in found.foreign(person):
            yield Visit("foreign", {**own, name: value})
        if found.of_another and person.at_elm and len(ids) > 1:
            yield Visit("foreign", {**own, name: found.of_another})
