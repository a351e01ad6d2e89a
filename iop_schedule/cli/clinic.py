"""`flask --app wsgi import DIR` and `export DIR`: the clinic's files in and out, all sites."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from flask.cli import with_appcontext

from iop_schedule import clock
from iop_schedule.actions import exporting, importing
from iop_schedule.actions.importing import Outcome
from iop_schedule.cli.schema import need_schema

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--dry-run", is_flag=True, help="Only check; change nothing.")
@with_appcontext
def import_files(folder: Path, *, dry_run: bool) -> None:
    """Check the CSV files in DIR and import them: everything, or nothing when anything is wrong."""
    need_schema()
    outcome = _with_bar("Checking ", partial(importing.check, folder=folder, actor=None, now=clock.now()))
    if outcome.is_clean and not dry_run:
        todo = partial(importing.apply, folder=folder, actor=None, now=clock.now())
        outcome = _with_bar("Importing", todo)
    _tell(outcome)
    if not outcome.is_clean:
        message = "Nothing was imported. Correct the lines above and try again."
        raise click.ClickException(message)
    click.echo("Imported." if outcome.applied else "Checked; nothing is wrong. Nothing was changed.")


def _with_bar(label: str, run: Callable[..., Outcome]) -> Outcome:
    with click.progressbar(length=1, label=label) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(max(0, done - bar.pos))

        outcome = run(progress=progress)
        bar.update(max(0, (bar.length or 0) - bar.pos))
    return outcome


def _tell(outcome: Outcome) -> None:
    for name, count in outcome.counts.items():
        already = f", {count.already:,} already there" if count.already else ""
        click.echo(f"  {name + '.csv':<26}{count.rows:>9,} rows: {count.new:,} new{already}")
    for note in outcome.problems.notes:
        click.echo(f"Note: {note}")
    for problem in outcome.problems.listed:
        click.echo(str(problem), err=True)
    if outcome.problems.more:
        click.echo(f"… and {outcome.problems.more:,} more", err=True)


@click.command("export")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@with_appcontext
def export_files(folder: Path) -> None:
    """Write the whole clinic as CSV files into DIR, which must not hold any yet."""
    need_schema()
    if folder.exists() and any(folder.iterdir()):
        message = f"{folder} is not empty. Name a new folder, so that nothing is overwritten."
        raise click.ClickException(message)
    counts = exporting.export_folder(folder=folder, now=clock.now())
    for name, rows in counts.items():
        click.echo(f"  {name + '.csv':<26}{rows:>9,} rows")
