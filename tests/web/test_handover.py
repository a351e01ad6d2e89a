"""A note for the case manager: left on the sheet, read under Outreach, done."""

from datetime import timedelta
from typing import Any

from iop_schedule.models import AuditEvent, HandoverNote, db
from iop_schedule.vocabulary import AuditKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.pages import words
from tests.world import TODAY, occurrence


def test_a_note_goes_from_the_sheet_to_the_case_manager_until_it_is_done(
    http: Http, new_http: Any, cast: Cast
) -> None:
    held = occurrence(cast.wednesday, TODAY, cast.ana)
    db.session.commit()
    carol, path = http.sign_in(cast.carol.email), f"/clients/{cast.ana.id}/sessions/{held.id}/note"
    assert f'href="{path}"' in carol.get(f"/sessions/{held.id}/attendance").text
    assert carol.submit(path, {"words": "  "}).status_code == 422
    assert carol.submit(path, {"words": "x" * 301}).status_code == 422
    assert carol.submit(path, {"words": "Asks for <b>evenings</b>\nfrom May"}).status_code == 302
    dev = new_http().sign_in(cast.dev.email)
    assert "Asks for <b>evenings</b> from May" in words(dev.get("/outreach").text)
    (note,) = db.session.query(HandoverNote)
    assert dev.submit(f"/outreach/notes/{note.id}/done", page="/outreach").status_code == 302
    assert "evenings" not in dev.get("/outreach").text
    kinds = {kind for (kind,) in db.session.query(AuditEvent.kind)}
    assert {AuditKind.NOTE_LEFT, AuditKind.NOTE_SETTLED} <= kinds


def test_nobody_leaves_a_note_about_someone_who_was_not_there(http: Http, cast: Cast) -> None:
    held = occurrence(cast.wednesday, TODAY, cast.ana)
    other = occurrence(cast.far_monday, TODAY - timedelta(days=2), cast.zoe)
    note = make.make_handover_note(cast.zoe, other, cast.eve)
    db.session.commit()
    carol = http.sign_in(cast.carol.email)
    for client, session in ((cast.ben, held), (cast.zoe, other), (cast.ana, other)):
        answer = carol.submit(
            f"/clients/{client.id}/sessions/{session.id}/note", {"words": "No"}, page="/account"
        )
        assert answer.status_code == 404
    assert carol.submit(f"/outreach/notes/{note.id}/done", page="/account").status_code == 403
