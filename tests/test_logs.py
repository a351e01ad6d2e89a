"""Log lines: one per record, JSON, with ids and templates and nothing about people."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from iop_schedule import logs
from iop_schedule.logs import OneLine
from tests.cast import Cast
from tests.conftest import Http


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    logs.write_to(written)
    yield written
    root.handlers[:], root.level = handlers, level
    for name in logs.SILENCED:
        logging.getLogger(name).disabled = False


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_template(http: Http, cast: Cast, stream: io.StringIO) -> None:
    http.sign_in(cast.root.email)
    stream.truncate(stream.seek(0))
    answer = http.get(f"/clients/{cast.zoe.id}?q=umberhulk&token=secret")
    (line,) = lines(stream)
    assert line.pop("at")
    assert isinstance(line.pop("milliseconds"), int)
    assert len(str(line.pop("reference"))) == 8
    assert line == {
        "level": "info", "from": "iop_schedule.web.request_log", "message": "request", "method": "GET",
        "route": "/clients/<int:client_id>", "status": answer.status_code, "actor_id": cast.root.id,
    }  # fmt: skip


def test_the_page_and_the_log_share_the_reference(http: Http, cast: Cast, stream: io.StringIO) -> None:
    page = http.get("/nothing/here").text
    (line,) = lines(stream)
    assert str(line["reference"]) in page
    assert line["route"] == "no such page"


HOSTILE = ["\n", '\r\n{"level": "info"}', "\x1b[2J", "\u2028", "\x00", "a" * 100_000, "💥", "\udce2"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_in_a_record_begins_another_line(text: str) -> None:
    record = logging.makeLogRecord({"name": "iop_schedule.x", "msg": f"before{text}after", "route": text})
    line = OneLine().format(record)
    assert (line.isascii(), "\n" in line, len(line) < 10_000) == (True, False, True)
    assert json.loads(line)["message"].startswith("before")


@pytest.mark.parametrize("text", ["%0a%0dforged", "%1b%5b2J", "x" * 3000, "%F0%9F%92%A5"])
def test_hostile_requests_are_one_line_each(http: Http, cast: Cast, stream: io.StringIO, text: str) -> None:
    http.get(f"/{text}?{text}={text}", headers={"User-Agent": text, "X-Request-Id": text, "Referer": text})
    http.post(f"/sign-in?next={text}", data={"email": text, "password": text})
    requests = [line for line in lines(stream) if line["message"] == "request"]
    assert [line["route"] for line in requests] == ["no such page", "/sign-in"]
    assert "forged" not in stream.getvalue()


def test_an_unexpected_error_keeps_its_places_but_no_values(
    app: Flask, http: Http, cast: Cast, stream: io.StringIO
) -> None:
    def broken() -> str:
        name = "Ana Quillfeather"
        raise RuntimeError(f"something about {name}")

    broken.required_permission = next(iter(app.view_functions.values()), None)  # type: ignore[attr-defined]
    app.view_functions["home.robots"] = broken
    answer = http.get("/robots.txt")
    error, request = lines(stream)
    assert (answer.status_code, str(error["reference"]) in answer.text) == (500, True)
    assert (error["error"], error["reference"]) == ("RuntimeError", request["reference"])
    assert str(error["places"][-1]).endswith("broken")  # type: ignore[index]
    assert "Quillfeather" not in stream.getvalue()
    assert "Quillfeather" not in answer.text


def test_a_librarys_values_are_left_out() -> None:
    record = logging.makeLogRecord(
        {"name": "library", "msg": "cannot store %s", "args": ("Ana Quillfeather",)}
    )
    assert json.loads(OneLine().format(record))["message"] == "cannot store %s"


def test_fields_nobody_listed_are_left_out() -> None:
    record = logging.makeLogRecord(
        {"name": "iop_schedule.x", "msg": "m", "client": "Ana Quillfeather", "count": 3}
    )
    line = json.loads(OneLine().format(record))
    assert (line["count"], "client" in line) == (3, False)
