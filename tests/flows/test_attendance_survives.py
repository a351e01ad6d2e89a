"""The promise about marks, against a server that is killed: every acknowledged one is there, none twice."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from threading import Event, Lock, Thread
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from iop_schedule.models import AttendanceRecord, AttendanceRevision, db
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http

EDITORS = 20
PEOPLE = 24
#: `make races` asks for a longer run.
MARKS_EACH = int(os.environ.get("EDITOR_MARKS", "2"))
KILLS = int(os.environ.get("EDITOR_KILLS", "1"))


@pytest.fixture
def server(app: Flask, tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    """The program that starts a server for each line it is given."""
    url = app.extensions["settings"].database_url
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.flows.killable_server", url, str(tmp_path), NOW.isoformat()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    yield program
    program.communicate(timeout=300)


class Kitchen:
    """Twenty hands at one sheet, and what the server told each of them."""

    def __init__(self, *, port: int, cookie: str, session: int, entries: list[int]) -> None:
        self.port, self.cookie, self.session, self.entries = port, cookie, session, entries
        self.lock, self.some_are_in = Lock(), Event()
        self.stored: set[str] = set()
        self.refused: set[str] = set()
        self.strange: list[str] = []

    def edit(self, number: int) -> None:
        """Mark a few people, each until the server has answered: like the page, with the change's own key."""
        random = Random(number)
        for turn in range(MARKS_EACH):
            entry = random.choice(self.entries)
            key, base = str(UUID(int=random.getrandbits(128))), 0
            # No two marks are the same, so each one that is acknowledged leaves a trace of its own.
            which = number * MARKS_EACH + turn
            body = {
                "session": self.session, "person": entry, "status": "late",
                "arrived_at": f"09:{which % 55 + 1:02}", "left_at": f"{10 + which // 55 % 2}:{which // 110 + 1:02}",
            }  # fmt: skip
            for _ in range(2):  # once more on top of what someone else said, then theirs stands
                code, said = self.send(key, {**body, "base_version": base})
                if code == 409 and "current" in said:
                    key, base = str(UUID(int=random.getrandbits(128))), said["current"]["version"]
                    continue
                break
            with self.lock:
                known = self.stored if code == 200 else self.refused if code == 409 else None
                if known is None:
                    self.strange.append(f"{code} {said}")
                    continue
                known.add(f"{key}:{entry}")
                if len(self.stored) >= EDITORS:
                    self.some_are_in.set()

    def send(self, key: str, body: dict[str, object]) -> tuple[int, dict[str, dict[str, int]]]:
        """Send one change until there is an answer, whatever happens to the connection."""
        headers = {
            "Content-Type": "application/json", "Cookie": f"session={self.cookie}", "Idempotency-Key": key,
        }  # fmt: skip
        for _ in range(200):
            connection = HTTPConnection("127.0.0.1", self.port, timeout=300)
            try:
                connection.request("POST", "/api/attendance", json.dumps(body), headers)
                answer = connection.getresponse()
                said = answer.read()
                if answer.status < 500:
                    return answer.status, json.loads(said)
            except (OSError, HTTPException):
                pass
            finally:
                connection.close()
        message = "the server never answered"
        raise AssertionError(message)


def test_a_server_killed_under_twenty_editors_loses_and_doubles_no_mark(
    app: Flask, cast: Cast, http: Http, server: "subprocess.Popen[str]"
) -> None:
    cast.group.seats = PEOPLE
    session = make.make_occurrence(cast.wednesday, date(2026, 3, 4))
    entries = [make.make_entry(session, make.make_client(cast.elm)).id for _ in range(PEOPLE)]
    db.session.commit()
    session_id = session.id
    http.sign_in(cast.carol.email)
    cookie = http.get_cookie("session")
    assert cookie is not None
    assert server.stdin is not None
    assert server.stdout is not None
    db.session.remove()
    port = int(server.stdout.readline())
    kitchen = Kitchen(port=port, cookie=cookie.value, session=session_id, entries=entries)

    def start() -> int:
        server.stdin.write("go\n")  # type: ignore[union-attr]
        server.stdin.flush()  # type: ignore[union-attr]
        return int(server.stdout.readline())  # type: ignore[union-attr]

    pid = start()
    hands = [Thread(target=kitchen.edit, args=(number,)) for number in range(EDITORS)]
    for hand in hands:
        hand.start()
    for _ in range(KILLS):
        assert kitchen.some_are_in.wait(timeout=300)
        os.kill(pid, signal.SIGKILL)
        pid = start()
    for hand in hands:
        hand.join(timeout=600)
    os.kill(pid, signal.SIGKILL)

    assert kitchen.strange == []
    revisions = db.session.execute(
        select(AttendanceRevision.change_key, AttendanceRevision.roster_entry_id, AttendanceRevision.version)
    ).all()
    assert {key for key, _, _ in revisions} == kitchen.stored
    assert len(revisions) == len(kitchen.stored)
    last = {row.roster_entry_id: row.version for row in db.session.scalars(select(AttendanceRecord)).all()}
    for entry in entries:
        versions = sorted(version for _, of, version in revisions if of == entry)
        assert versions == list(range(1, last.get(entry, 0) + 1))
