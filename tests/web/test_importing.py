"""The pages for importing and exporting: upload, check, apply, and who may not."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from iop_schedule.actions.importing import runs
from iop_schedule.jobs import imports as import_jobs
from iop_schedule.jobs.worker import Worker
from iop_schedule.models import AuditEvent, Client, ImportRun, db
from iop_schedule.models.base import write_intent
from iop_schedule.queries.access import actor_for
from tests.cast import Cast
from tests.conftest import NOW, Http, bare, on_one_database, row_counts

GOOD = b"code,site,given_name,family_name\nC-1,elm,Ida,Whitlow\nC-2,elm,Jon,Marsh\n"
BAD = "code,site,given_name\nC-1,elm,Ida\nC-2,far,<script>alert(1)</script>\n,elm,Jón\n".encode("cp1252")


def sent(**files: bytes) -> dict[str, object]:
    return {"files": [(io.BytesIO(content), f"{name}.csv") for name, content in files.items()]}


def upload(http: Http, data: dict[str, object]) -> str:
    """Upload files and return the address of the run's page."""
    answer = http.submit("/import", data)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def test_only_an_import_takes_much_and_only_from_someone_signed_in(
    http: Http, app: Flask, cast: Cast
) -> None:
    def claim(path: str, size: int) -> int:
        kind = {"CONTENT_LENGTH": str(size), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
        return http.post(path, environ_overrides=kind).status_code

    most = app.extensions["settings"].max_upload
    assert [claim(path, 2 << 20) for path in ("/sign-in", "/hooks/texts", "/import")] == [413] * 3
    http.sign_in(cast.root.email)
    assert [claim("/account/appearance", 2 << 20), claim("/import", most + 1)] == [413, 413]
    assert claim("/import", 2 << 20) == 400  # read, and found to hold no form of ours


def states() -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(select(ImportRun.state)))


def folders(app: Flask) -> list[str]:
    root = Path(app.instance_path) / "imports"
    return [str(path.relative_to(root)) for path in sorted(root.rglob("*"))] if root.exists() else []


def test_good_files_are_checked_shown_and_applied_on_request(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    before = row_counts()
    page = upload(http, sent(clients=GOOD))
    ready = http.get(page)
    assert (ready.status_code, "Ready to import" in ready.text, "Import 2 rows" in ready.text) == (
        200,
        True,
        True,
    )
    assert row_counts()["client"] == before["client"]
    applied = http.submit(f"{page}/apply", page=page)
    assert (applied.status_code, applied.headers["Location"]) == (302, page)
    assert "Everything was imported." in http.get(page).text
    names = select(Client.given_name).where(Client.code.in_(["C-1", "C-2"])).order_by(Client.code)
    assert list(db.session.scalars(names)) == ["Ida", "Jon"]
    assert (states(), folders(app)) == (["applied"], [])
    kinds = select(AuditEvent.kind).where(AuditEvent.subject == "import", AuditEvent.actor_id == cast.root.id)
    assert set(db.session.scalars(kinds)) == {"import:checked"}


def test_bad_files_are_listed_with_line_column_and_what_to_do(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    before = row_counts()["client"]
    page = http.get(upload(http, sent(clients=BAD)))
    assert [
        word
        for word in ("clients.csv, line 3", "clients.csv, line 4", "There is no such code", "Windows-1252")
        if word not in page.text
    ] == []
    assert ("<script>alert" in page.text, "Import 1 row" in page.text) == (False, False)
    assert (states(), folders(app), row_counts()["client"]) == (["refused"], [], before)


def test_applying_twice_applies_once(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    page = upload(http, sent(clients=GOOD))
    for _ in range(2):
        assert http.submit(f"{page}/apply", page="/import").status_code == 302
    assert (states(), row_counts()["client"]) == (["applied"], 5)


def test_a_run_that_was_refused_or_removed_is_not_applied(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    refused = upload(http, sent(clients=BAD))
    http.submit(f"{refused}/apply", page="/import")
    removed = upload(http, sent(clients=GOOD))
    assert http.submit(f"{removed}/discard", page=removed).headers["Location"] == "/import"
    http.submit(f"{removed}/apply", page="/import")
    assert (states(), row_counts()["client"], folders(app)) == (["discarded", "refused"], 3, [])


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        pytest.param(None, "Choose at least one file.", id="nothing chosen"),
        pytest.param("report.pdf", "is not one of the files", id="another file"),
        pytest.param("files.zip", "This archive cannot be opened.", id="a broken archive"),
    ],
)
def test_a_wrong_choice_says_what_to_do_and_keeps_nothing(
    http: Http, app: Flask, cast: Cast, chosen: str | None, said: str
) -> None:
    http.sign_in(cast.root.email)
    answer = http.submit("/import", {"files": (io.BytesIO(b"PK"), chosen)} if chosen else {})
    assert (answer.status_code, said in answer.text, states(), folders(app)) == (422, True, [], [])


def test_an_archive_with_a_path_upwards_is_refused(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("../../clients.csv", GOOD)
    archive.seek(0)
    answer = http.submit("/import", {"files": (archive, "files.zip")})
    assert (answer.status_code, "without folders" in answer.text, folders(app)) == (422, True, [])


def test_an_export_can_be_imported_as_it_is(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    answer = http.submit("/export")
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="files-2026-03-04.zip"'
    page = http.get(upload(http, {"files": (io.BytesIO(answer.data), "files.zip")}))
    assert "Everything in these files is there already." in page.text


def test_an_export_shows_only_ones_own_sites_and_is_audited(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.trent.email)
    with zipfile.ZipFile(io.BytesIO(http.submit("/export").data)) as archive:
        clients = archive.read("clients.csv").decode()
        assert "42 CFR part 2" in archive.read("NOTICE.txt").decode()
    assert ("Zoe" in clients, "Ana" in clients, "Ben" in clients) == (True, False, False)
    made = select(AuditEvent.actor_id, AuditEvent.site_id).where(AuditEvent.kind == "export:made")
    assert [tuple(row) for row in db.session.execute(made)] == [(cast.trent.id, cast.far.id)]


PATHS = ("/import", "/export", "/import/" + "0" * 32)


@on_one_database
@pytest.mark.parametrize("who", ["carol", "dev", "ana_user", "eve"])
def test_only_administrators_see_these_pages(http: Http, app: Flask, cast: Cast, who: str) -> None:
    http.sign_in(getattr(cast, who).email)
    assert {path: http.get(path).status_code for path in PATHS} == dict.fromkeys(PATHS, 403)
    assert states() == []


def test_someone_elses_import_looks_like_none(
    http: Http, new_http: type[Http], app: Flask, cast: Cast
) -> None:
    http.sign_in(cast.root.email)
    theirs = upload(http, sent(clients=GOOD))
    other = new_http().sign_in(cast.trent.email)  # type: ignore[call-arg]
    none = other.get("/import/" + "0" * 32)
    found = other.get(theirs)
    assert (none.status_code, found.status_code) == (404, 404)
    assert bare(found.text) == bare(none.text)
    answers = [other.submit(f"{theirs}/{verb}", page="/import").status_code for verb in ("apply", "discard")]
    assert (answers, states()) == ([404, 404], ["ready"])


def test_an_administrator_cannot_import_into_another_site(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.trent.email)
    page = http.get(upload(http, sent(clients=GOOD)))
    assert ("There is no such code in sites.csv" in page.text, states()) == (True, ["refused"])


def test_choosing_files_again_puts_the_earlier_ones_away(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    first = upload(http, sent(clients=GOOD))
    second = upload(http, sent(clients=GOOD))
    assert states() == ["discarded", "ready"]
    assert ("Import removed" in http.get(first).text, "Ready to import" in http.get(second).text) == (
        True,
        True,
    )


def test_a_run_that_is_being_worked_on_has_to_end_first(http: Http, app: Flask, cast: Cast) -> None:
    stage(app, cast, clients=GOOD)
    http.sign_in(cast.root.email)
    answer = http.submit("/import", sent(clients=GOOD))
    assert (answer.status_code, "Wait until it has finished." in answer.text, states()) == (
        422,
        True,
        ["to_check"],
    )


# When the server ends in the middle, and afterwards


def stage(app: Flask, cast: Cast, **files: bytes) -> str:
    uploads = [
        type("Sent", (), {"filename": f"{name}.csv", "stream": io.BytesIO(data)})()
        for name, data in files.items()
    ]
    return runs.upload(
        actor=actor_for(cast.root),
        uploads=uploads,
        instance=Path(app.instance_path),
        most_bytes=10_000,
        now=NOW,
    )


def test_a_tick_takes_up_what_a_server_left(app: Flask, cast: Cast) -> None:
    stage(app, cast, clients=GOOD)
    import_jobs.work_off(Worker())
    assert states() == ["ready"]


def test_two_workers_do_not_take_up_the_same_run(app: Flask, cast: Cast) -> None:
    run_id = stage(app, cast, clients=GOOD)
    db.session.get_one(ImportRun, run_id).claimed_at = NOW
    db.session.commit()
    instance = Path(app.instance_path)
    assert not runs.work_off(instance=instance, now=NOW + timedelta(seconds=30))
    assert runs.work_off(instance=instance, now=NOW + runs.SILENCE + timedelta(seconds=1))


def test_nothing_is_imported_for_someone_who_left_or_changed_roles(app: Flask, cast: Cast) -> None:
    stage(app, cast, clients=GOOD)
    cast.root.active = False
    db.session.commit()
    assert not runs.work_off(instance=Path(app.instance_path), now=NOW)
    assert states() == ["discarded"]


def test_a_run_that_fails_says_so_and_changes_nothing(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        message = "the disk is gone"
        raise OSError(message)

    run_id = stage(app, cast, clients=GOOD)
    monkeypatch.setattr(runs, "check", fail)
    with pytest.raises(OSError, match="disk"):
        runs.work_off(instance=Path(app.instance_path), now=NOW)
    shown = runs.find(actor=actor_for(cast.root), run_id=run_id, instance=Path(app.instance_path))
    assert (shown.state, [p["advice"] for p in shown.problems]) == (
        "refused",
        ["This could not be finished. Choose the files again."],
    )


def test_files_and_what_was_wrong_in_them_are_kept_for_a_day(http: Http, app: Flask, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    upload(http, sent(clients=BAD))
    upload(http, sent(clients=GOOD))
    assert len(folders(app)) > 0
    write_intent.set(True)
    assert runs.forget_old(instance=Path(app.instance_path), now=NOW + timedelta(hours=23)) == 0
    assert runs.forget_old(instance=Path(app.instance_path), now=NOW + timedelta(hours=25)) == 2
    assert (states(), folders(app)) == (["discarded", "discarded"], [])
    assert list(db.session.scalars(select(ImportRun.problems))) == [{}, {}]


def test_the_page_of_a_working_run_looks_again_by_itself_and_by_hand(
    http: Http, app: Flask, cast: Cast
) -> None:
    run_id = stage(app, cast, clients=GOOD)
    http.sign_in(cast.root.email)
    page = http.get(f"/import/{run_id}").text
    assert [
        word
        for word in ('http-equiv="refresh"', "Look again", 'hx-trigger="every 2s"', "0 percent")
        if word not in page
    ] == []
