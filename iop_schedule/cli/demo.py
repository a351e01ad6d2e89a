"""`flask --app wsgi demo-clinic`: the database brought up to date, and an invented clinic in an empty one."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade

from iop_schedule import clock
from iop_schedule.demo import add_outreach, load_demo_clinic

ACCOUNTS_FILE = "demo-accounts.json"


@click.command("demo-clinic")
@with_appcontext
def demo_clinic() -> None:
    """Migrate the database and fill an empty one with invented people. Data that is there stays."""
    upgrade()
    file = Path(current_app.instance_path) / ACCOUNTS_FILE
    now = clock.now()
    made = load_demo_clinic(now=now)
    if made:
        add_outreach(now=now)
        _write_private(file, json.dumps([asdict(account) for account in made], indent=2))
    if not file.exists():
        click.echo("The database already holds a clinic that is not the demo; sign in with its accounts.")
        return
    click.echo("Demo sign-ins (all people are invented):")
    for account in json.loads(file.read_text(encoding="utf-8")):
        click.echo(
            f"  {account['role']:<15} {account['site']:<11} {account['email']:<26} {account['password']}"
        )


def _write_private(file: Path, text: str) -> None:
    """Write `text` so that only the owner can read it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
