"""Commands on a database that was never brought up to date."""

from pathlib import Path

import pytest

from iop_schedule.app import create_app
from iop_schedule.models import db
from tests.conftest import make_settings


@pytest.mark.parametrize(
    "command",
    [
        ["import", "docs/sample-clinic"],
        ["export", "nowhere"],
        [
            "create-admin",
            "--email",
            "a@example.org",
            "--given-name",
            "A",
            "--family-name",
            "B",
            "--site",
            "elm",
        ],
    ],
    ids=lambda command: command[0],
)
def test_say_what_to_run_first(tmp_path: Path, command: list[str]) -> None:
    app = create_app(make_settings(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}"))
    answer = app.test_cli_runner().invoke(args=command)
    assert answer.exit_code == 1
    assert "flask --app wsgi db upgrade" in answer.output
    with app.app_context():
        db.engine.dispose()
