"""`backup`: a copy of the SQLite database; `check-config`: the settings as they are understood."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from iop_schedule.adapters.backup import BackupFailed, copy_sqlite

SQLITE = "sqlite:///"


@click.command("backup")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@with_appcontext
def backup(target: Path) -> None:
    """Copy the SQLite database to FILE while it is in use, and check the copy."""
    url: str = current_app.extensions["settings"].database_url
    if not url.startswith(SQLITE):
        message = "This command is for SQLite. Use pg_dump for PostgreSQL; docs/operations.md shows how."
        raise click.ClickException(message)
    try:
        copy_sqlite(Path(url.removeprefix(SQLITE)), target)
    except BackupFailed as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Copied and checked: {target}")


@click.command("check-config")
@with_appcontext
def check_config() -> None:
    """Show every setting as it is understood; of secrets only whether they are set."""
    shown = current_app.extensions["settings"].masked()
    width = max(map(len, shown))
    for name, value in shown.items():
        click.echo(f"{name:<{width}}  {value}")
