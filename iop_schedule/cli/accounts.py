"""Letting the first administrator in."""

import click
from flask import current_app
from flask.cli import with_appcontext

from iop_schedule import clock
from iop_schedule.actions.people import create_administrator
from iop_schedule.cli.schema import need_schema
from iop_schedule.errors import DomainError


@click.command("create-admin")
@click.option("--email", required=True, help="What they sign in with.")
@click.option("--given-name", required=True, help="First name.")
@click.option("--family-name", required=True, help="Last name.")
@click.option("--site", required=True, help="Code of the site they administer; made when it is not there.")
@click.option("--zone", help="Time zone of a new site, like America/New_York.")
@click.option("--site-name", default="", help="Name of a new site, as your files have it; else its code.")
@with_appcontext
def create_admin(
    *, email: str, given_name: str, family_name: str, site: str, zone: str | None, site_name: str
) -> None:
    """Make an administrator and print the link with which they choose a password, once.

    No password is ever typed here: it would stay in the history of the shell.
    """
    need_schema()
    settings = current_app.extensions["settings"]
    try:
        token = create_administrator(
            address=email,
            given_name=given_name,
            family_name=family_name,
            site_code=site,
            zone=zone,
            site_name=site_name,
            key=settings.secret_key,
            now=clock.now(),
        )
    except DomainError as error:
        raise click.ClickException(error.message) from None
    click.echo(f"{settings.public_url}/set-password/{token}")
    click.echo("The link works once, for 3 days. It is not shown again.", err=True)
