"""Plans for everyone: asking for one, how far it is, reviewing, applying, taking back, comparing."""

from datetime import timedelta

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from iop_schedule.actions import placement_runs as runs
from iop_schedule.actions.placement_deciding import Outcome
from iop_schedule.actions.placement_priorities import add_priority, name_person, remove_priority
from iop_schedule.actions.placement_review import (
    apply_proposals,
    decline_proposal,
    end_sessions,
    let_sessions_go_on,
    undo_proposals,
)
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.queries.choices import programs_of
from iop_schedule.queries.misfits import misfits
from iop_schedule.queries.placement_openings import opening_names
from iop_schedule.queries.placement_priorities import policy_view
from iop_schedule.queries.placement_runs import RunLine, run_file, run_view, runs_compared, runs_of
from iop_schedule.queries.plans_compared import where_plans_differ
from iop_schedule.vocabulary import AuditKind, ProposalState
from iop_schedule.web import placement_run_words as words
from iop_schedule.web.forms.fields import blame
from iop_schedule.web.forms.numbers import ids_of, whole_number
from iop_schedule.web.forms.placement_runs import AIM_HINTS, PriorityForm, RunForm
from iop_schedule.web.message_words import channels_set_up
from iop_schedule.web.opening_words import opening_sets
from iop_schedule.web.placement_values import value_lines
from iop_schedule.web.presenting import count, hours
from iop_schedule.web.refusals import said_on_top
from iop_schedule.web.security import actor, polled, requires, viewed

placement_runs = Blueprint("placement_runs", __name__)

#: Runs that can be compared at once.
MOST_COMPARED = 4


@placement_runs.get("/placement")
@requires(Permission.PLACEMENT_RUN)
def index() -> ResponseReturnValue:
    """Show the runs there have been, and the form that asks for another one."""
    form = RunForm()
    form.from_day.data = actor().today(g.now) + timedelta(days=1)
    return _index(form)


def _index(form: RunForm) -> str:
    programs = programs_of(actor())
    form.offer(programs)
    viewed(AuditKind.PLACEMENT_RUN_VIEWED)
    chosen = form.program_id.data if form.program_id.data in {p.id for p in programs} else None
    first = chosen or (programs[0].id if programs else None)
    misfit = misfits(actor(), day=actor().today(g.now), now=g.now)
    if misfit:
        viewed(AuditKind.PLACEMENT_VIEWED, details={"clients": [one.client_id for one in misfit]})
    return render_template(
        "placement/runs.html",
        form=form,
        misfit=misfit,
        aim_hints=AIM_HINTS,
        lines=[_run_words(line) for line in runs_of(actor(), now=g.now)],
        policies=[policy_view(actor(), one.id, now=g.now) for one in programs],
        has_programs=first is not None,
    )


@placement_runs.post("/placement")
@requires(Permission.PLACEMENT_RUN)
def ask() -> ResponseReturnValue:
    """Ask for a plan and show how far it is."""
    form = RunForm()
    form.offer(programs_of(actor()))
    if not form.validate():
        return _index(form), 422
    try:
        run_id = runs.ask_for_run(actor=actor(), wanted=form.wanted(), now=g.now)
    except NotPossible as refused:
        blame(form, refused, {})
        return _index(form), refused.status
    return redirect(url_for("placement_runs.show", placement_run_id=run_id))


@placement_runs.get("/placement/<int:placement_run_id>")
@requires(Permission.PLACEMENT_RUN)
@polled
def show(placement_run_id: int) -> ResponseReturnValue:
    """Show how far one run is, or everything that it proposes."""
    view = run_view(actor(), placement_run_id, now=g.now)
    if not view.line.is_working:
        viewed(
            AuditKind.PLACEMENT_RUN_VIEWED,
            subject=("placement_run", view.line.id),
            details={"clients": view.client_ids},
        )
    decided = [p for p in view.proposals if p.state is not ProposalState.OPEN]
    return render_template(
        "placement/run.html",
        view=view,
        run=view.line,
        words=_run_words(view.line),
        step=words.STEP_WORDS.get(view.step, "Getting ready"),
        percent=min(100, round(100 * view.taken_seconds / view.line.seconds)),
        figures=_figures([view.line]),
        shares=_shares([view.line]),
        proposals=[p for p in view.proposals if p.state in {ProposalState.OPEN, ProposalState.STALE}],
        applied=[p for p in decided if p.state is ProposalState.APPLIED],
        others=[p for p in decided if p.state in {ProposalState.UNDONE, ProposalState.DECLINED}],
        open_count=view.line.proposals.get(ProposalState.OPEN, 0),
        without=[
            (
                one,
                words.because_words(one.because, view.line.from_day),
                [
                    words.change_words(change, view.meetings, view.line.from_day)
                    for change, _ in one.would_fit_if
                ],
            )
            for one in view.without
        ],
        repair_words=words.repair_words(view),
        quality=words.quality_words(view),
        value_lines=value_lines(view.values),
        points=words.points_words(view),
        openings=opening_sets(view, opening_names(view.line.summary)),
        kind_words=words.kind_words,
        apply_question=words.apply_question(view, view.line.proposals.get(ProposalState.OPEN, 0)),
        end_question=words.end_question(view),
        still_there=words.still_there_words(view),
        ending_lines=[view.meetings[str(one)] for one in view.ending.series_ids] if view.ending else [],
        meetings_words=words.meetings_words,
    )


@placement_runs.post("/placement/<int:placement_run_id>/stop")
@requires(Permission.PLACEMENT_RUN)
def stop(placement_run_id: int) -> ResponseReturnValue:
    """Stop the planning; what has been found so far is kept."""
    runs.stop_run(actor=actor(), run_id=placement_run_id, now=g.now)
    return _back(placement_run_id)


@placement_runs.post("/placement/<int:placement_run_id>/again")
@requires(Permission.PLACEMENT_RUN)
def again(placement_run_id: int) -> ResponseReturnValue:
    """Start a run that has no result once more."""
    try:
        runs.start_again(actor=actor(), run_id=placement_run_id, now=g.now)
    except NotPossible as refused:
        flash(refused.message, "warning")
    return _back(placement_run_id)


@placement_runs.post("/placement/<int:placement_run_id>/apply")
@requires(Permission.PLACEMENT_RUN)
def apply(placement_run_id: int) -> ResponseReturnValue:
    """Do what is proposed, for the people chosen or for everyone who is not decided yet."""
    outcome = apply_proposals(
        actor=actor(),
        run_id=placement_run_id,
        client_ids=_people(),
        channels=channels_set_up(),
        now=g.now,
    )
    _say(outcome, undone=False)
    return _back(placement_run_id)


@placement_runs.post("/placement/<int:placement_run_id>/undo")
@requires(Permission.PLACEMENT_RUN)
def undo(placement_run_id: int) -> ResponseReturnValue:
    """Take back what was applied, for the people chosen or for everyone."""
    with said_on_top():
        outcome = undo_proposals(
            actor=actor(), run_id=placement_run_id, client_ids=_people(), channels=channels_set_up(),
            now=g.now,
        )  # fmt: skip
        _say(outcome, undone=True)
    return _back(placement_run_id)


@placement_runs.post("/placement/<int:placement_run_id>/end")
@requires(Permission.PLACEMENT_RUN)
def end(placement_run_id: int) -> ResponseReturnValue:
    """End the weekly sessions that a repair is about."""
    with said_on_top():
        end_sessions(actor=actor(), run_id=placement_run_id, channels=channels_set_up(), now=g.now)
        flash("The sessions end. They can go on again from here.", "success")
    return _back(placement_run_id)


@placement_runs.post("/placement/<int:placement_run_id>/go-on")
@requires(Permission.PLACEMENT_RUN)
def go_on(placement_run_id: int) -> ResponseReturnValue:
    """Let the weekly sessions go on that a repair has ended."""
    with said_on_top():
        outcome = let_sessions_go_on(
            actor=actor(), run_id=placement_run_id, channels=channels_set_up(), now=g.now
        )
        left = len(outcome.left)
        flash(
            "The sessions go on."
            + (
                f" {count(left, 'person', 'people')} could not be given the place back: see below."
                if left
                else ""
            ),
            "warning" if left else "success",
        )
    return _back(placement_run_id)


@placement_runs.post("/placement/<int:placement_run_id>/decline/<int:client_id>")
@requires(Permission.PLACEMENT_RUN)
def decline(placement_run_id: int, client_id: int) -> ResponseReturnValue:
    """Leave one person's week as it is."""
    try:
        decline_proposal(actor=actor(), run_id=placement_run_id, client_id=client_id, now=g.now)
    except NotPossible as refused:
        flash(refused.message, "warning")
    return _back(placement_run_id)


def _people() -> list[int] | None:
    """Return the people a form names; None when it names none, which means everyone."""
    return ids_of(request.form.getlist("client")) or None


def _say(outcome: Outcome, *, undone: bool) -> None:
    if outcome.done == 0 and len(outcome.left) == 1:
        (why,) = outcome.left.values()
        flash(why, "warning")
        return
    flash(
        words.outcome_words(outcome.done, len(outcome.left), undone=undone),
        "warning" if outcome.left else "success",
    )


def _back(placement_run_id: int) -> ResponseReturnValue:
    return redirect(url_for("placement_runs.show", placement_run_id=placement_run_id))


@placement_runs.get("/placement/<int:placement_run_id>/<any(problem, plan):file>.json")
@requires(Permission.PLACEMENT_RUN)
def download(placement_run_id: int, file: str) -> ResponseReturnValue:
    """Hand out the problem or the plan as the commands `placement solve` and `check` read it."""
    found = run_file(actor(), placement_run_id, file)
    viewed(
        AuditKind.PLACEMENT_RUN_DOWNLOADED,
        subject=("placement_run", placement_run_id),
        details={"file": file, "clients": list(found.client_ids)},
    )
    name = f"{file}-{placement_run_id}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(found.text, mimetype="application/json", headers=headers)


@placement_runs.get("/placement/compare")
@requires(Permission.PLACEMENT_RUN)
def compare() -> ResponseReturnValue:
    """Show several runs side by side."""
    lines = runs_compared(actor(), ids_of(request.args.getlist("run")[:MOST_COMPARED]), now=g.now)
    runs_shown = [line.id for line in lines]
    differing = where_plans_differ(actor(), runs_shown, now=g.now) if len(lines) > 1 else ()
    people = [one.client_id for one in differing]
    viewed(AuditKind.PLACEMENT_RUN_VIEWED, details={"runs": runs_shown, "clients": people})
    return render_template(
        "placement/compare.html",
        differing=differing,
        meetings_words=words.meetings_words,
        lines=[_run_words(line) for line in lines],
        figures=_figures(lines),
        shares=_shares(lines),
    )


@placement_runs.route("/placement/priorities/<int:program_id>", methods=["GET", "POST"])
@requires(Permission.PLACEMENT_RUN)
def priorities(program_id: int) -> ResponseReturnValue:
    """Show a program's policy on who comes first; add a line to it."""
    form = PriorityForm()
    if request.method == "POST" and form.validate():
        try:
            add_priority(
                actor=actor(), program_id=program_id, name=form.name.data or "",
                weight=form.weight.data or 0, source=form.source.data or "", now=g.now,
            )  # fmt: skip
        except NotPossible as refused:
            blame(form, refused, {})
        else:
            flash("The policy has a new line.", "success")
            return redirect(url_for("placement_runs.priorities", program_id=program_id))
    policy = policy_view(actor(), program_id, now=g.now)
    viewed(
        AuditKind.PRIORITIES_VIEWED, subject=("program", program_id), details={"clients": policy.client_ids}
    )
    page = render_template("placement/priorities.html", form=form, policy=policy)
    return page, 422 if request.method == "POST" else 200


@placement_runs.post("/placement/priorities/<int:program_id>/name")
@requires(Permission.PLACEMENT_RUN)
def name(program_id: int) -> ResponseReturnValue:
    """Say which line of the policy names a person, or that none does."""
    client_id, line = whole_number(request.form.get("client")), whole_number(request.form.get("priority"))
    policy_view(actor(), program_id, now=g.now)  # not theirs is not found, whatever the form holds
    if client_id is None:
        flash("Choose a person.", "warning")
    else:
        try:
            name_person(
                actor=actor(), program_id=program_id, client_id=client_id, priority_id=line, now=g.now
            )
        except NotPossible as refused:
            flash(refused.message, "warning")
    return redirect(url_for("placement_runs.priorities", program_id=program_id))


@placement_runs.post("/placement/priorities/<int:program_id>/remove")
@requires(Permission.PLACEMENT_RUN)
def remove(program_id: int) -> ResponseReturnValue:
    """Take a line out of the policy."""
    line = whole_number(request.form.get("priority"))
    policy_view(actor(), program_id, now=g.now)
    if line is None:
        flash("Choose a line of the policy.", "warning")
    else:
        remove_priority(actor=actor(), program_id=program_id, priority_id=line, now=g.now)
        flash("The line was taken out.", "success")
    return redirect(url_for("placement_runs.priorities", program_id=program_id))


def _run_words(line: RunLine) -> dict[str, object]:
    """Return what the list and the comparison say about one run."""
    label, tone, icon = words.state_chip(line)
    after, before = line.summary.get("after"), line.summary.get("before")
    return {
        "line": line,
        "aim": words.run_title(line),
        "state": label,
        "tone": tone,
        "icon": icon,
        "served": f"{after['served']} of {after['people']}" if after else "",
        "more": after["served"] - before["served"] if after and before else 0,
        "changes": sum(line.proposals.values()),
        "applied": line.proposals.get(ProposalState.APPLIED, 0),
    }


def _figures(lines: list[RunLine]) -> list[tuple[str, ...]]:
    """Return rows of a table: words, today, and each run's plan."""
    found = [line.summary for line in lines if line.summary.get("after")]
    if not found:
        return []
    columns = [found[0]["before"], *(summary["after"] for summary in found)]
    return [
        ("People with a whole week", *(f"{c['served']} of {c['people']}" for c in columns)),
        ("People without any session", *(str(c["without"]) for c in columns)),
        (
            "Hours a week reached",
            *(f"{hours(c['reached_minutes'])} of {hours(c['prescribed_minutes'])}" for c in columns),
        ),
        ("Seats taken", *(_percent(c["taken"], c["seats"]) for c in columns)),
        ("People whose week changes", "–", *(str(sum(line.proposals.values())) for line in lines)),
    ]


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / whole)}\N{NO-BREAK SPACE}%" if whole else "–"


def _shares(lines: list[RunLine]) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return, by description, rows of a table: words with their number, today, and each run's plan."""
    found = [line.summary["shares"] for line in lines if line.summary.get("shares")]
    if not found:
        return []
    tables = []
    for title, rows in found[0].items():
        table = []
        for row in rows:
            others = [next((r for r in shares[title] if r["words"] == row["words"]), row) for shares in found]
            people = count(row["people"], "person", "people")
            table.append(
                (
                    f"{row['words']} ({people})",
                    _percent(row["before"], row["people"]),
                    *(_percent(other["after"], other["people"]) for other in others),
                )
            )
        tables.append((title, table))
    return tables
