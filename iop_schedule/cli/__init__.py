"""Commands: `flask --app wsgi NAME`. Each is a verb that calls one action or adapter."""

from flask import Flask

from iop_schedule.cli.accounts import create_admin
from iop_schedule.cli.bounces import read_bounces_from
from iop_schedule.cli.clinic import export_files, import_files
from iop_schedule.cli.demo import demo_clinic
from iop_schedule.cli.engagement import engagement
from iop_schedule.cli.jobs import run_jobs
from iop_schedule.cli.placement import placement
from iop_schedule.cli.serve import serve
from iop_schedule.cli.upkeep import backup, check_config


def register(app: Flask) -> None:
    """Add every command to `app`."""
    for command in (
        backup,
        check_config,
        create_admin,
        demo_clinic,
        engagement,
        export_files,
        import_files,
        placement,
        read_bounces_from,
        run_jobs,
        serve,
    ):
        app.cli.add_command(command)
