"""What commands that touch data ask first."""

import click

from iop_schedule.queries.health import is_schema_current


def need_schema() -> None:
    """Stop with a sentence when the database has not been brought up to date."""
    if not is_schema_current():
        message = "The database is not up to date. Run this first: flask --app wsgi db upgrade"
        raise click.ClickException(message)
