"""Liveness and readiness: small, honest, without secrets, and quick when things are down."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from iop_schedule import clock
from iop_schedule.actions import upkeep
from iop_schedule.app import create_app
from iop_schedule.models import db
from iop_schedule.web import health
from tests.adapters.test_messages import server_saying
from tests.conftest import NOW, Http, make_settings
from tests.ports import free_port

GOOD = {"database": "ok", "schema": "ok", "scheduler": "off", "disk": "ok"}


def ready(http: Http) -> tuple[int, dict[str, str]]:
    http.application.extensions.pop("readiness", None)  # the last answer would stand for a second
    answer = http.get("/health/ready")
    return answer.status_code, answer.get_json()


def test_alive(http: Http) -> None:
    answer = http.get("/health/live")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "live"})


def test_ready_with_nothing_missing(http: Http) -> None:
    assert ready(http) == (200, {"status": "ready", **GOOD})


@pytest.mark.parametrize(
    ("age_seconds", "embedded", "status", "scheduler"),
    [(0, True, 200, "ok"), (15, True, 200, "ok"), (16, True, 503, "late"), (16, False, 200, "late")],
)
def test_a_server_that_runs_the_scheduler_is_ready_only_while_it_ticks(
    app: Flask, http: Http, age_seconds: int, embedded: bool, status: int, scheduler: str
) -> None:
    app.extensions["runs_scheduler"] = embedded
    upkeep.beat({"drain": (NOW - timedelta(seconds=age_seconds), timedelta(seconds=5))})
    code, found = ready(http)
    assert (code, found["scheduler"]) == (status, scheduler)


def test_a_server_whose_own_scheduler_never_ticked_is_not_ready(app: Flask, http: Http) -> None:
    app.extensions["runs_scheduler"] = True
    assert ready(http)[0] == 503


@pytest.mark.parametrize(
    ("every", "patience"),
    [(5, 15), (15, 45), (60, 180), (86_400, 3 * 86_400)],
)
def test_a_tick_counts_as_dead_after_three_periods_and_never_before_fifteen_seconds(
    every: int, patience: int
) -> None:
    from iop_schedule.queries.health import patience as of

    assert of(timedelta(seconds=every)) == timedelta(seconds=patience)


def test_an_older_schema_is_not_ready(http: Http) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    db.session.commit()
    code, found = ready(http)
    assert (code, found["schema"]) == (503, "not current")
    assert upkeep.why_not_start() == "The database is not up to date. Run: flask --app wsgi db upgrade"
    db.session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": _head()})
    db.session.commit()
    assert upkeep.why_not_start() is None


def _head() -> str:
    import iop_schedule

    return (Path(iop_schedule.__file__).parent / "migrations" / "HEAD").read_text().strip()


def test_a_disk_almost_full_is_not_ready(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        free, total = 1024**2, 1024**4

    monkeypatch.setattr(health.shutil, "disk_usage", lambda path: Full)
    assert ready(http) == (503, {"status": "not ready", **GOOD, "disk": "almost full"})


def test_asking_often_asks_the_database_once_a_second(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(health, "_check", lambda: asked.append(1) or dict(GOOD))
    now = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    for moment in (100.0, 100.5, 101.0, 101.1, 101.2):
        now[0] = moment
        assert http.get("/health/ready").status_code == 200
    assert len(asked) == 2


def test_the_answers_hold_no_secret_and_no_address(app: Flask, http: Http) -> None:
    said = http.get("/health/ready").text + http.get("/health/live").text
    settings = app.extensions["settings"]
    for secret in (
        settings.secret_key,
        settings.password_salt,
        settings.database_url,
        str(settings.instance),
    ):
        assert secret not in said


def test_after_every_connection_was_cut_the_next_request_works(app: Flask, http: Http) -> None:
    assert ready(http)[0] == 200
    db.session.remove()
    if db.engine.dialect.name == "postgresql":
        with psycopg.connect(app.config["SQLALCHEMY_DATABASE_URI"].replace("+psycopg", "")) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    assert ready(http)[0] == 200


# --- the database is away -----------------------------------------------------------------------------


@pytest.fixture(params=["refused", "silent", "no file"])
def lost(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application whose database is not there, in three ways."""
    if request.param == "no file":
        url = f"sqlite:///{tmp_path / 'nowhere' / 'iop.db'}"
        yield create_app(make_settings(tmp_path, url))
        return
    if request.param == "refused":
        yield create_app(make_settings(tmp_path, f"postgresql+psycopg://iop@127.0.0.1:{free_port()}/x"))
        return
    with server_saying(b"", hang=True) as port:
        # The server would stay silent for a minute; the client gives up by itself after 5 s.
        yield create_app(make_settings(tmp_path, f"postgresql+psycopg://iop@127.0.0.1:{port}/x"))


def test_without_a_database_the_answer_comes_soon_and_says_when_to_try_again(lost: Flask) -> None:
    client = lost.test_client()
    began = time.monotonic()
    answer = client.get("/health/ready")
    assert time.monotonic() - began < 30
    assert answer.status_code == 503
    assert answer.get_json()["database"] == "cannot be written"
    assert answer.headers["Retry-After"] == "5"
    assert client.get("/health/live").status_code == 200


def test_pages_say_so_in_plain_words(lost: Flask) -> None:
    client = lost.test_client()
    client.set_cookie("session", "x")
    lost.config["WTF_CSRF_ENABLED"] = False
    answer = client.post("/sign-in", data={"email": "carol@example.org", "password": "correct horse battery"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "right back" in answer.text
    assert "OperationalError" not in answer.text


def test_the_start_is_refused_with_a_sentence(lost: Flask) -> None:
    with lost.app_context():
        assert upkeep.why_not_start() == (
            "The database cannot be reached. Check DATABASE_URL and that its server runs."
        )
