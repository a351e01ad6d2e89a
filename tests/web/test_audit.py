"""The audit trail page: sentences, filters, pages, the file, and what it never shows."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from iop_schedule.actions import audit
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.models import AuditEvent, AuditEventClient, PriorityClass, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.audit import PAGE_SIZE, SENTENCES, sentence
from iop_schedule.vocabulary import AuditKind
from tests.cast import Cast
from tests.conftest import NOW, Http, on_one_database
from tests.factories import make_client, make_enrollment
from tests.world import World


def write(cast: Cast, *rows: tuple[AuditKind, dict[str, object]]) -> None:
    for number, (kind, more) in enumerate(rows):
        given = {"actor": actor_for(cast.dev), "now": NOW - timedelta(days=number), **more}
        audit.record(kind, **given)  # type: ignore[arg-type]
    db.session.commit()


def sentences(page: str) -> list[str]:
    return [part.split("<", 1)[0] for part in page.split('class="trail-what">')[1:]]


def test_every_kind_has_a_sentence() -> None:
    assert set(SENTENCES) == set(AuditKind)
    for kind in AuditKind:
        assert "{" not in sentence(kind, who="Dev Banerjee", whom="Ana Q.")


def test_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nothing:known"):
        sentence("nothing:known", who="", whom="")


def test_the_trail_reads_as_sentences_newest_first(http: Http, cast: Cast) -> None:
    write(
        cast,
        (AuditKind.CLIENT_VIEWED, {"client_id": cast.ana.id}),
        (AuditKind.REMINDER_SENT, {"actor": None, "client_id": cast.ben.id}),
    )
    http.sign_in(cast.root.email)
    assert sentences(http.get("/audit").text) == [
        "Root Okafor signed in",
        "The system sent a reminder to Ben O.",
        "Dev Banerjee looked at the record of Ana Q.",
    ]


def test_looking_at_the_trail_is_in_the_trail(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    http.get("/audit")
    assert sentences(http.get("/audit").text)[0] == "Root Okafor looked at the audit trail"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"client": "ana"}, ["Dev Banerjee looked at the record of Ana Q."]),
        ({"what": "week:viewed"}, ["Carol Whitfield looked at the week of Ben O."]),
        ({"who": "carol"}, ["Carol Whitfield looked at the week of Ben O."]),
        ({"since": "2026-03-03", "until": "2026-03-03"}, ["Carol Whitfield looked at the week of Ben O."]),
        ({"until": "2026-03-02"}, []),
        ({"who": "carol", "client": "ana"}, []),
    ],
    ids=["client", "kind", "person", "day", "before", "both"],
)
def test_filters_live_in_the_address(
    http: Http, cast: Cast, filters: dict[str, str], expected: list[str]
) -> None:
    write(
        cast,
        (AuditKind.CLIENT_VIEWED, {"client_id": cast.ana.id}),
        (AuditKind.WEEK_VIEWED, {"client_id": cast.ben.id, "actor": actor_for(cast.carol)}),
    )
    ids = {"ana": cast.ana.id, "carol": cast.carol.id}
    query = {name: str(ids.get(value, value)) for name, value in filters.items()}
    http.sign_in(cast.root.email)
    assert sentences(http.get("/audit", query_string=query).text) == expected


def test_whoever_saw_a_client_on_a_list_is_in_the_clients_trail_and_file(http: Http, cast: Cast) -> None:
    write(
        cast,
        (AuditKind.CASELOAD_VIEWED, {"details": {"clients": [cast.ana.id, cast.ben.id]}}),
        (AuditKind.OUTREACH_VIEWED, {"details": {"clients": [cast.ben.id]}}),
    )
    http.sign_in(cast.root.email)
    said = "Dev Banerjee looked at their caseload"
    assert sentences(http.get(f"/audit?client={cast.ana.id}").text) == [said]
    text = http.get(f"/audit.csv?client={cast.ana.id}").get_data().decode("utf-8-sig")
    assert [row["what"] for row in csv.DictReader(io.StringIO(text))] == [said, ""]


def test_every_page_with_a_clients_name_is_in_the_clients_trail(
    new_http: Callable[[], Http], world: World
) -> None:
    cast, thursday = world.cast, world.anas
    make_enrollment(cast.ana, cast.program)
    db.session.add(PriorityClass(program_id=cast.program.id, name="Federal", weight=2))
    db.session.commit()
    for who, paths in (
        (cast.carol, (
            f"/today?d={thursday.local_day}", f"/today/sign-in?d={thursday.local_day}",
            f"/week?w={ProgramWeek.containing(thursday.local_day)}", f"/sessions/{thursday.id}/history",
            f"/sessions/{thursday.id}/sign-in",
        )),
        (cast.root, ("/placement/keep-apart", f"/placement/priorities/{cast.program.id}")),
    ):  # fmt: skip
        http = new_http().sign_in(who.email)
        for path in paths:
            page = http.get(path)
            assert world.cast.ana.preferred_name in page.text, path
    shown = select(func.count()).where(AuditEventClient.client_id == cast.ana.id)
    assert db.session.scalar(shown) == 7


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=yesterday", "Enter a date that exists"),
        ("since=2026-03-04&until=2026-03-01", "on or after the first"),
    ],
)
def test_days_that_cannot_be_understood_are_explained_and_kept(
    http: Http, cast: Cast, query: str, sentence: str
) -> None:
    http.sign_in(cast.root.email)
    answer = http.get(f"/audit?{query}")
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert f'value="{query.partition("=")[2].partition("&")[0]}"' in answer.text


@pytest.mark.parametrize("query", ["who=x", "client=99999999999999", "what=nothing", "who=-1"])
def test_ids_that_mean_nothing_do_no_harm(http: Http, cast: Cast, query: str) -> None:
    http.sign_in(cast.root.email)
    assert http.get(f"/audit?{query}").status_code == 200


def test_older_entries_are_on_further_pages_each_once(http: Http, cast: Cast) -> None:
    write(
        cast,
        *[
            (AuditKind.CLIENT_VIEWED, {"client_id": cast.ana.id, "subject": ("entry", number)})
            for number in range(PAGE_SIZE + 5)
        ],
    )
    http.sign_in(cast.root.email)
    first = http.get(f"/audit?client={cast.ana.id}").text
    assert len(sentences(first)) == PAGE_SIZE
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert f"client={cast.ana.id}" in older
    assert len(sentences(http.get(older).text)) == 5


def test_an_administrator_reads_only_the_trail_of_their_own_site(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    write(
        cast,
        (AuditKind.CLIENT_VIEWED, {"client_id": cast.ana.id}),
        (AuditKind.CLIENT_VIEWED, {"client_id": cast.zoe.id, "actor": actor_for(cast.mallory)}),
    )
    at_elm = sentences(http.sign_in(cast.root.email).get("/audit").text)
    at_far = sentences(new_http().sign_in(cast.trent.email).get("/audit").text)
    assert at_elm == ["Root Okafor signed in", "Dev Banerjee looked at the record of Ana Q."]
    assert at_far == ["Trent Silva signed in", "Mallory Tran looked at the record of Zoe U."]


def test_a_filter_for_somebody_elses_client_finds_nothing(http: Http, cast: Cast) -> None:
    write(cast, (AuditKind.CLIENT_VIEWED, {"client_id": cast.zoe.id, "actor": actor_for(cast.mallory)}))
    http.sign_in(cast.root.email)
    text = http.get(f"/audit?client={cast.zoe.id}").text
    assert (sentences(text), "Zoe" in text) == ([], False)


def test_what_somebody_at_two_sites_did_to_a_client_stays_with_the_clients_site(
    http: Http,
    new_http,
    cast: Cast,  # type: ignore[no-untyped-def]
) -> None:
    cast.dev.sites.append(cast.far)
    db.session.commit()
    write(cast, (AuditKind.CLIENT_VIEWED, {"client_id": cast.ana.id}))
    http.sign_in(cast.root.email)
    other = new_http().sign_in(cast.trent.email)
    assert "Dev Banerjee looked at the record of Ana Q." in sentences(http.get("/audit").text)
    assert sentences(other.get("/audit").text) == ["Trent Silva signed in"]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_asks_the_database_equally_often_for_one_entry_and_three(
    app: Flask, http: Http, cast: Cast, rows: int
) -> None:
    people = [make_client(cast.elm) for _ in range(rows)]
    write(cast, *[(AuditKind.CLIENT_VIEWED, {"client_id": person.id}) for person in people])
    http.sign_in(cast.root.email)
    statements: list[str] = []
    note = lambda *given: statements.append(given[2]) if given[2].startswith("SELECT") else None  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        http.get("/audit?what=client:viewed")
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) <= 10, statements


def test_the_file_holds_what_the_filters_show_and_is_in_the_trail_itself(http: Http, cast: Cast) -> None:
    write(
        cast,
        (AuditKind.CLIENT_VIEWED, {"client_id": cast.ana.id, "details": {"note": "=1+1"}}),
        (AuditKind.WEEK_VIEWED, {"client_id": cast.ben.id}),
    )
    http.sign_in(cast.root.email)
    answer = http.get(f"/audit.csv?client={cast.ana.id}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="records.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row["what"] for row in rows] == ["Dev Banerjee looked at the record of Ana Q.", ""]
    assert "42 CFR part 2 prohibits unauthorized use or disclosure of these records." in rows[-1]["number"]
    made = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.EXPORT_MADE)).one()
    assert (made.actor_id, made.details) == (
        cast.root.id, {"rows": 1, "filters": {"client_id": str(cast.ana.id)}},
    )  # fmt: skip


@on_one_database
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", " ="])
def test_no_cell_of_the_file_is_run_by_a_spreadsheet(http: Http, cast: Cast, start: str) -> None:
    cast.ana.preferred_name = f"{start}HYPERLINK(1)"
    cast.carol.given_name = f"{start}2+5"
    db.session.commit()
    write(cast, (AuditKind.WEEK_VIEWED, {"client_id": cast.ana.id, "actor": actor_for(cast.carol)}))
    http.sign_in(cast.root.email)
    text = http.get("/audit.csv").get_data().decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell.strip("\u00a0 ")[:1] in set("=+-@\t\r＝")] == []


def test_a_hostile_name_is_only_text(http: Http, cast: Cast) -> None:
    cast.ana.preferred_name = "<script>alert(1)</script>{{7*7}}"
    db.session.commit()
    write(cast, (AuditKind.CLIENT_VIEWED, {"client_id": cast.ana.id}))
    http.sign_in(cast.root.email)
    text = http.get("/audit").text
    assert ("<script>alert" in text, "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in text) == (False, True)
