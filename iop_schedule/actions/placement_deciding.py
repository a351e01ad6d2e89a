"""One person deciding about proposals of one run: each is looked at again before anything is written."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.memberships import PlacesChange, change_places
from iop_schedule.actions.news import take_back_news, tell_news
from iop_schedule.actions.placement import after_in_trail, begin_waiting, change_to, record_decision
from iop_schedule.actions.placement_endings import end_closed, let_go_on
from iop_schedule.actions.series import Meeting, add_individual, close_series, record_series
from iop_schedule.domain import civil_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import DomainError, NotFound, NotPossible
from iop_schedule.models import Enrollment, PlacementProposal, PlacementRun, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, access_placement_run
from iop_schedule.queries.contacts import OUTSIDE
from iop_schedule.queries.placement_caseload import places_on
from iop_schedule.queries.placement_endings import closing, first_day
from iop_schedule.queries.placement_one_to_ones import has_one_to_one
from iop_schedule.queries.placement_people import weeks_of_places
from iop_schedule.queries.proposed_weeks import weeks_proposed
from iop_schedule.vocabulary import (
    AuditKind,
    Channel,
    EnrollmentStatus,
    Modality,
    ProposalState,
    RunKind,
    RunState,
    Weekday,
    WeekParity,
)

CHANGED = "Their places have changed since."
DONE = "This has been done already. Take it back instead."
ENDS_NOTHING = "This plan ends no sessions."
ENDED_NOTHING = "This plan has ended no sessions."
UNDECIDED = "Decide about everyone first, or apply all: that ends the sessions, too."
STILL_ENDED = "Their former sessions have ended. Let these go on first."
#: From these a proposal may be applied: a seat that was gone may be free again.
TO_DECIDE = (ProposalState.OPEN, ProposalState.STALE, ProposalState.UNDONE, ProposalState.DECLINED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of proposals that were decided together."""

    done: int
    #: By client: why it was left out.
    left: Mapping[int, str] = field(default_factory=dict)


class Review:
    """One person deciding about one run at one moment."""

    def __init__(
        self, actor: Actor, run_id: int, now: datetime, channels: Sequence[Channel] = OUTSIDE
    ) -> None:
        self._actor, self._run_id, self._now, self._channels = actor, run_id, now, channels
        self._day = first_day(self._run(), now)

    def _run(self) -> PlacementRun:
        return access_placement_run(self._actor, self._run_id, Permission.PLACEMENT_RUN)

    def lock(self) -> None:
        """Let nobody else change places at the site until this transaction ends; what is read is current."""
        lock_schedule(self._run().site_id)

    def clients(self, client_ids: Collection[int] | None, state: ProposalState) -> list[int]:
        """Return the people asked for, or everyone whose proposal stands at `state`."""
        statement = select(PlacementProposal.client_id).where(PlacementProposal.run_id == self._run_id)
        if client_ids is None:
            statement = statement.where(PlacementProposal.state == state)
        else:
            statement = statement.where(PlacementProposal.client_id.in_(client_ids))
        found = list(db.session.scalars(statement.order_by(PlacementProposal.client_id)))
        if client_ids is not None and set(client_ids) != set(found):
            raise NotFound
        return found

    def proposals(self, client_ids: Collection[int]) -> Sequence[PlacementProposal]:
        """Return the proposals for these people, by client."""
        statement = select(PlacementProposal).where(
            PlacementProposal.run_id == self._run_id, PlacementProposal.client_id.in_(client_ids)
        )
        return db.session.scalars(statement.order_by(PlacementProposal.client_id)).all()

    def decide(
        self, wanted: Sequence[int], do: Callable[[Sequence[PlacementProposal], Mapping[int, str]], None]
    ) -> Outcome:
        """Do it for all of them in one transaction; who is in the way is left out, and all tried anew."""
        left: dict[int, str] = {}
        while True:
            try:
                self.lock()
                do(self.proposals(wanted), left)
                db.session.commit()
            except DomainError as refused:
                db.session.rollback()
                client_id = refused.data.get("client_id")
                if not isinstance(client_id, int) or client_id in left:
                    raise
                left[client_id] = refused.message
            except BaseException:
                db.session.rollback()
                raise
            else:
                return Outcome(len(set(wanted) - left.keys()), left)

    def apply(self, proposals: Sequence[PlacementProposal], left: Mapping[int, str]) -> None:
        """Begin what is proposed, inside the transaction; those `left` out learn why."""
        self._check(proposals, left, TO_DECIDE, DONE, held=lambda p: p.before)
        going = [p for p in proposals if p.client_id not in left]
        if self._run().kind == RunKind.ONE_TO_ONE:
            self._begin_sessions(going)
        else:
            self._begin_places(going)
        for proposal in going:
            about = "proposal", proposal.id, self._now
            tell_news(proposal.client, about, channels=self._channels, now=self._now)
        for proposal in proposals:
            if proposal.client_id in left and proposal.state in TO_DECIDE:
                self.settle(proposal, ProposalState.STALE, left[proposal.client_id])

    def _begin_sessions(self, going: Sequence[PlacementProposal]) -> None:
        """Make the one-to-ones that are proposed."""
        run = self._run()
        for proposal in going:
            if has_one_to_one(proposal.client_id, self._day):
                raise NotPossible(CHANGED, client_id=proposal.client_id)
            wanted = proposal.session
            meeting = Meeting(
                weekday=Weekday(wanted["weekday"]),
                local_start=civil_time.wall_time(wanted["start_minute"]),
                duration_minutes=wanted["minutes"],
                leader_id=wanted["leader_id"],
                every_weeks=wanted["every_weeks"],
            )
            first = max(self._day, civil_time.first_week(WeekParity(wanted["week"]), self._day))
            try:
                series = add_individual(
                    actor=self._actor, client_id=proposal.client_id, program_id=run.program_id,
                    meeting=meeting, from_day=first, now=self._now,
                    modality=Modality(wanted.get("modality", Modality.IN_PERSON)),
                )  # fmt: skip
            except DomainError as refused:
                refused.data["client_id"] = proposal.client_id
                raise
            proposal.undo = {"series": series.id}
            self.settle(proposal, ProposalState.APPLIED)

    def _begin_places(self, going: Sequence[PlacementProposal]) -> None:
        """Let places end and begin as proposed."""
        changes = []
        for proposal in going:
            before, after = weeks_proposed(proposal.before), weeks_proposed(proposal.after)
            lasting = self._lasting(proposal.client_id, before.keys() & after.keys())
            change = change_to(proposal.client_id, after, held=before, lasting=lasting)
            changes.append(change)
            record_decision(
                self._actor, proposal.client_id, wanted=after, held=before, day=self._day, now=self._now
            )
            proposal.undo = (
                begin_waiting(self._actor, proposal.client_id, self._day, self._now) if change.start else {}
            )
            self.settle(proposal, ProposalState.APPLIED)
        self._change(changes)

    def apply_all(self, proposals: Sequence[PlacementProposal], left: Mapping[int, str]) -> None:
        """Do all of it, and end the weekly sessions whose end a repair is about."""
        self.apply(proposals, left)
        self._end(self._run())

    def _end(self, run: PlacementRun) -> None:
        end_closed(run, self._actor, self._day, channels=self._channels, now=self._now)

    def end(self, proposals: Sequence[PlacementProposal], left: Mapping[int, str]) -> None:
        """End the weekly sessions whose end a repair is about."""
        del proposals, left
        run = self._run()
        if not closing(run) or run.state != RunState.FINISHED:
            raise NotPossible(ENDS_NOTHING)
        if self.clients(None, ProposalState.OPEN):
            raise NotPossible(UNDECIDED)
        self._end(run)

    def go_on(self, proposals: Sequence[PlacementProposal], left: Mapping[int, str]) -> None:
        """Let the weekly sessions go on that the run has ended; those `left` out stay out of them."""
        del proposals
        if not self._run().undo:
            raise NotPossible(ENDED_NOTHING)
        let_go_on(self._run(), self._actor, self._day, left=left, channels=self._channels, now=self._now)

    def undo_all(self, proposals: Sequence[PlacementProposal], left: Mapping[int, str]) -> None:
        """Take everything back: what was ended goes on, then everyone gets their places."""
        if self._run().undo:
            self.go_on((), left)
        self.undo(proposals, left)

    def undo(self, proposals: Sequence[PlacementProposal], left: Mapping[int, str]) -> None:
        """Take back what was applied, inside the transaction; those `left` out keep it and learn why."""
        applied, ended = (ProposalState.APPLIED,), {int(one) for one in self._run().undo}
        self._check(proposals, left, applied, "This was not applied.", held=lambda p: p.after)
        changes = []
        for proposal in proposals:
            if proposal.client_id in left:
                proposal.note = left[proposal.client_id]
                continue
            before, after = weeks_proposed(proposal.before), weeks_proposed(proposal.after)
            if ended & (before.keys() - after.keys()):
                raise NotPossible(STILL_ENDED, client_id=proposal.client_id)
            if proposal.session:
                self._end_session(proposal)
            else:
                changes.append(change_to(proposal.client_id, before, held=after, lasting=after))
                self._wait_again(proposal)
            self._tell_undone(proposal)
            self.settle(proposal, ProposalState.UNDONE)
            audit.record(
                AuditKind.PLACEMENT_UNDONE, actor=self._actor, now=self._now, client_id=proposal.client_id,
                site_id=self._run().site_id,
                details={"run": self._run_id, "from": self._day.isoformat(), **after_in_trail(before)},
            )  # fmt: skip
        self._change(changes)

    def _tell_undone(self, proposal: PlacementProposal) -> None:
        """Tell somebody who had heard of a change that it is taken back, and keep whether they had."""
        told = take_back_news(
            proposal.client,
            [("proposal", proposal.id, proposal.decided_at)] if proposal.decided_at else (),
            ("undone", proposal.id, self._now),
            channels=self._channels,
            now=self._now,
        )
        proposal.undo = proposal.undo | {"told": told}

    def _end_session(self, proposal: PlacementProposal) -> None:
        """End the one-to-one that was made; nothing that was held is lost."""
        series = db.session.get_one(Series, proposal.undo["series"])
        try:
            close_series(series, self._day - timedelta(days=1), self._now)
        except DomainError as refused:
            refused.data["client_id"] = proposal.client_id
            raise
        record_series(AuditKind.SERIES_ENDED, self._actor, series, {"run": self._run_id}, now=self._now)
        follow_rules(series.site, now=self._now, series_ids=[series.id])

    def _check(
        self,
        proposals: Sequence[PlacementProposal],
        left: Mapping[int, str],
        states: Collection[ProposalState],
        otherwise: str,
        *,
        held: Callable[[PlacementProposal], Any],
    ) -> None:
        """Refuse the first proposal not at one of `states`, or whose person holds other places."""
        statement = select(Series.id).where(
            Series.program_id == self._run().program_id, Series.group_id.is_not(None)
        )
        series = list(db.session.scalars(statement))
        now_held = places_on([p.client_id for p in proposals], series, self._day)
        for proposal in proposals:
            if proposal.client_id in left:
                continue
            if proposal.state not in states:
                raise NotPossible(otherwise, client_id=proposal.client_id)
            if not proposal.session and now_held[proposal.client_id] != weeks_proposed(held(proposal)):
                raise NotPossible(CHANGED, client_id=proposal.client_id)

    def _change(self, changes: Sequence[PlacesChange]) -> None:
        if changes:
            site_id = self._run().site_id
            db.session.flush()
            change_places(
                actor=self._actor, site_id=site_id, changes=changes, from_day=self._day, now=self._now
            )

    def _lasting(self, client_id: int, series_ids: Collection[int]) -> dict[int, WeekParity]:
        """Return those of the series in which the place has begun by then and has no end, with its weeks."""
        statement = select(SeriesMember).where(
            SeriesMember.client_id == client_id,
            SeriesMember.series_id.in_(series_ids),
            SeriesMember.from_day <= self._day,
            SeriesMember.until_day.is_(None),
        )
        return weeks_of_places(db.session.scalars(statement))

    def settle(self, proposal: PlacementProposal, state: ProposalState, note: str = "") -> None:
        """Write down what became of one proposal."""
        proposal.state, proposal.note = state, note[:300]
        proposal.decided_at, proposal.decided_by_id = self._now, self._actor.user_id

    def _wait_again(self, proposal: PlacementProposal) -> None:
        """Let the enrollment wait as it did, unless it has begun or somebody changed it since."""
        if not proposal.undo:
            return
        enrollment = db.session.get_one(Enrollment, proposal.undo["enrollment"])
        if enrollment.status == EnrollmentStatus.ACTIVE and enrollment.from_day == self._day:
            enrollment.status = EnrollmentStatus(proposal.undo["status"])
            enrollment.from_day = date.fromisoformat(proposal.undo["from_day"])
        proposal.undo = {}
