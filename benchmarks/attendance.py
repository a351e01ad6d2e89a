"""Opening and saving an attendance sheet of 96 people, and 50 counselors saving at once.

    python -m benchmarks.attendance                         # SQLite, short
    python -m benchmarks.attendance --database postgresql   # a server of its own
    python -m benchmarks.attendance --rounds 50             # longer

The whole application answers through its WSGI entry: sign-in, access, rules, versions, audit trail. Beside it
stands a plain Flask page that reads and writes the same 96 rows in the same database with none of that.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from flask import Flask, render_template_string, request
from flask_migrate import upgrade
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from iop_schedule import clock
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.models import Occurrence, User, db
from iop_schedule.models.base import write_intent
from iop_schedule.vocabulary import Role
from iop_schedule.web import security
from tests import factories as make
from tests.conftest import Http
from tests.postgresql import start_postgresql

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)
MONDAY = date(2026, 3, 2)
PEOPLE, COUNSELORS, EACH = 96, 50, 12
#: As many as the server of one machine has; the others wait their turn, and the clock runs for them too.
THREADS = 8
SECRET = "a-key-for-measuring-only-0123456789abcdef"
STATUSES = ("present", "excused", "absent")

PLAIN = """<!doctype html><title>Sheet</title><form method="post"><table>{% for row in rows %}<tr>
<td>{{ row.given_name }} {{ row.family_name }}</td><td>{% for s in ("present", "excused", "absent") %}
<label><input type="radio" name="status-{{ row.id }}" value="{{ s }}"
{% if s == row.status %} checked{% endif %}>{{ s }}</label>
{% endfor %}</td></tr>{% endfor %}</table><button>Save</button></form>"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name, _database(options.database, name) as url:
        app = create_app(
            Settings(
                instance=Path(name), database_url=url, secret_key=SECRET, password_salt=SECRET,
                secure_cookies=False, password_memory_kib=64, password_passes=1,
            )
        )  # fmt: skip
        app.config["WTF_CSRF_ENABLED"] = False
        app.test_client_class = Http
        _plain_page(app)
        clock.freeze(NOW)
        with app.app_context():
            write_intent.set(True)
            upgrade()
            big, small = _clinic()
            db.session.remove()
        print(f"{options.database}: milliseconds{'':>20}{'p50':>8}{'p95':>8}")
        _measure(app, big, options.rounds)
        _all_at_once(app, small, options.rounds)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@contextmanager
def _database(kind: str, folder: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/iop.db"
        return
    with start_postgresql() as server:
        yield server.create("attendance")


def _clinic() -> tuple[tuple[str, int], list[tuple[str, int]]]:
    """Store one sheet of 96 people and 50 of 12; return each as counselor's address and session id."""
    site = make.make_site(name="Main")
    program = make.make_program(site)

    def sheet(people: int) -> tuple[User, Occurrence]:
        leader = make.make_user(Role.COUNSELOR, site)
        held = make.make_occurrence(make.make_meeting(make.make_group(program, seats=200), leader), MONDAY)
        for _ in range(people):
            client = make.make_client(site)
            make.make_dose(make.make_enrollment(client, program))
            make.make_entry(held, client)
        return leader, held

    sheets = [sheet(PEOPLE), *(sheet(EACH) for _ in range(COUNSELORS))]
    db.session.execute(
        text("CREATE TABLE plain (id INTEGER PRIMARY KEY, given_name TEXT, family_name TEXT, status TEXT)")
    )
    for number in range(PEOPLE):
        db.session.execute(
            text("INSERT INTO plain VALUES (:id, :name, 'Example', 'present')"),
            {"id": number, "name": f"P{number}"},
        )
    db.session.commit()
    first, *others = [(leader.email, held.id) for leader, held in sheets]
    return first, others


def _plain_page(app: Flask) -> None:
    """Add the page that does nothing but read and write 96 rows."""

    def plain() -> str:
        if request.method == "POST":
            for number in range(PEOPLE):
                values = {"status": request.form[f"status-{number}"], "id": number}
                db.session.execute(text("UPDATE plain SET status = :status WHERE id = :id"), values)
            db.session.commit()
        rows = db.session.execute(text("SELECT * FROM plain ORDER BY id")).all()
        return render_template_string(PLAIN, rows=rows)

    security.PUBLIC = security.PUBLIC | {"plain"}
    app.add_url_rule("/plain", "plain", plain, methods=["GET", "POST"])


def _form(page: str, turn: int) -> dict[str, object]:
    """Return the sheet with everyone's mark changed, as a browser sends it."""
    entries = [part.split('"', 1)[0] for part in page.split('name="version-')[1:]]
    form: dict[str, object] = {}
    for number, entry in enumerate(entries):
        version = page.split(f'name="version-{entry}" value="', 1)[1].split('"', 1)[0]
        form |= {f"version-{entry}": version, f"status-{entry}": STATUSES[(turn + number) % 3]}
    return form


def _timed(times: list[float], action: Callable[[], object]) -> None:
    began = time.perf_counter()
    action()
    times.append((time.perf_counter() - began) * 1000)


def _measure(app: Flask, sheet: tuple[str, int], rounds: int) -> None:
    http, path = app.test_client(), f"/sessions/{sheet[1]}/attendance"
    assert isinstance(http, Http)
    http.sign_in(sheet[0], make.PASSWORD)
    loads: list[float] = []
    saves: list[float] = []
    plain_loads: list[float] = []
    plain_saves: list[float] = []
    for turn in range(rounds):
        _timed(loads, lambda: http.get(path))
        form = _form(http.get(path).text, turn)
        answers: list[int] = []
        _timed(saves, lambda: answers.append(http.post(path, data=form).status_code))  # noqa: B023
        assert answers == [302], answers
        _timed(plain_loads, lambda: http.get("/plain"))
        plain = {f"status-{n}": STATUSES[(turn + n) % 3] for n in range(PEOPLE)}
        _timed(plain_saves, lambda: http.post("/plain", data=plain))  # noqa: B023
    _print(f"open a sheet of {PEOPLE}", loads)
    _print("  a plain Flask page", plain_loads)
    _print(f"save {PEOPLE} changed marks", saves)
    _print("  a plain Flask page", plain_saves)


def _all_at_once(app: Flask, sheets: list[tuple[str, int]], rounds: int) -> None:
    """Let every counselor save their own sheet of 12 in the same moment, several times."""
    hands = []
    for email, session_id in sheets:
        http = app.test_client()
        assert isinstance(http, Http)
        http.sign_in(email, make.PASSWORD)
        hands.append((http, f"/sessions/{session_id}/attendance"))
    times: list[float] = []
    statuses: list[int] = []
    for turn in range(max(1, rounds // 5)):
        forms = [_form(http.get(path).text, turn) for http, path in hands]
        began = time.perf_counter()

        def save(number: int) -> None:
            http, path = hands[number]
            statuses.append(http.post(path, data=forms[number]).status_code)  # noqa: B023
            times.append((time.perf_counter() - began) * 1000)  # noqa: B023 - waiting for a thread counts

        with ThreadPoolExecutor(THREADS) as server:
            list(server.map(save, range(COUNSELORS)))
    _print(f"{COUNSELORS} counselors at once, {EACH} each", times)
    print(f"  answers: {sorted({status: statuses.count(status) for status in statuses}.items())}")


def _print(words: str, times: list[float]) -> None:
    ordered = sorted(times)
    p50, p95 = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    print(f"{words:<40}{p50:>8.0f}{p95:>8.0f}")


if __name__ == "__main__":
    main()
