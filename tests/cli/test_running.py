"""Starting, copying and showing settings, as people do it from a shell."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from flask import Flask
from sqlalchemy import text

from iop_schedule.models import db
from tests.cast import Cast
from tests.conftest import make_settings
from tests.ports import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port_in_use() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_a_port_in_use_is_one_sentence(app: Flask, port_in_use: int) -> None:
    answer = app.test_cli_runner().invoke(args=["serve", "--port", str(port_in_use)])
    assert answer.exit_code == 1
    assert answer.output == (
        f"Error: Port {port_in_use} on 127.0.0.1 cannot be used: Address already in use."
        f" Try another, such as PORT={port_in_use % 65_535 + 1}.\n"
    )


@pytest.mark.parametrize("command", [["serve", "--port"], ["run-jobs"]])
def test_a_database_not_up_to_date_is_one_sentence(app: Flask, command: list[str]) -> None:
    arguments = [*command, str(free_port())] if command[-1] == "--port" else command
    head = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    _set_version("older")
    answer = app.test_cli_runner().invoke(args=arguments)
    _set_version(head)
    assert (answer.exit_code, answer.output) == (
        1,
        "Error: The database is not up to date. Run: flask --app wsgi db upgrade\n",
    )


def _set_version(version: str) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    db.session.commit()


def test_a_sender_that_tells_too_much_stops_the_start(app: Flask) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = type(settings)(
        **{
            **{name: getattr(settings, name) for name in settings.__dataclass_fields__},
            "mail_from": "iop@example.org",
        }
    )
    answer = app.test_cli_runner().invoke(args=["run-jobs"])
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: MAIL_FROM shows on lock screens")


def test_a_copy_is_whole_private_and_never_overwrites(app: Flask, cast: Cast, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    backup = app.test_cli_runner().invoke(args=["backup", str(target)])
    if db.engine.dialect.name == "postgresql":
        assert (backup.exit_code, target.exists()) == (1, False)
        assert "pg_dump" in backup.output
        return
    assert (backup.exit_code, backup.output) == (0, f"Copied and checked: {target}\n")
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT count(*) FROM client").fetchone() == (3,)
    assert target.stat().st_mode & 0o777 == 0o600
    again = app.test_cli_runner().invoke(args=["backup", str(target)])
    assert again.exit_code == 1
    assert again.output == f"Error: {target} cannot be written: File exists. Choose a new file name.\n"


def test_settings_are_shown_without_their_secrets(app: Flask) -> None:
    shown = app.test_cli_runner().invoke(args=["check-config"]).output
    settings = app.extensions["settings"]
    assert re.search(r"^secret_key +set$", shown, re.MULTILINE)
    assert settings.secret_key not in shown
    assert settings.password_salt not in shown


def test_the_server_starts_ticks_logs_no_addresses_and_stops_in_order(
    sqlite_template: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "iop.db")
    port, settings = free_port(), make_settings(tmp_path, f"sqlite:///{tmp_path / 'iop.db'}")
    environment = {
        **os.environ, "INSTANCE_PATH": str(tmp_path), "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key, "PASSWORD_SALT": settings.password_salt,
        "HOST": "127.0.0.1", "PORT": str(port), "SMTP_HOST": "",
    }  # fmt: skip
    server = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "serve"],
        env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        ready = _when_ready(f"http://127.0.0.1:{port}/health/ready")
        with pytest.raises(HTTPError) as missing:
            urlopen(f"http://127.0.0.1:{port}/no-such-page-canary?token=canary")
        missing.value.close()
    finally:
        server.send_signal(signal.SIGTERM)
        said, logged = server.communicate(timeout=300)
    assert ready == {"status": "ready", "database": "ok", "schema": "ok", "scheduler": "ok", "disk": "ok"}
    assert server.returncode == 0
    assert said == (
        "Messages by e-mail are off: set SMTP_HOST to send them.\n"
        "Text messages are off: set SMS_URL to send them.\n"
        f"Listening at http://127.0.0.1:{port} (stop with Ctrl+C)\n"
    )
    lines = [json.loads(line) for line in logged.splitlines()]
    assert [line for line in lines if line["level"] in {"warning", "error"}] == []
    assert "canary" not in logged
    with closing(sqlite3.connect(tmp_path / "iop.db")) as database:
        ticks = {name for (name,) in database.execute("SELECT tick FROM heartbeat")}
    assert "heartbeat" in ticks


def _when_ready(address: str) -> dict[str, str]:
    end = time.monotonic() + 300
    while time.monotonic() < end:
        try:
            with urlopen(address, timeout=60) as answer:
                found: dict[str, str] = json.load(answer)
                return found
        except HTTPError as error:
            error.close()
        except OSError:
            pass
        time.sleep(0.2)
    message = "the server was not ready in time"
    raise AssertionError(message)
