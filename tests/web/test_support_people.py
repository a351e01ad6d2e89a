"""Inviting someone to one family session, and what whoever holds the link gets to see."""

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from iop_schedule import clock
from iop_schedule.actions.occurrences import Move, cancel_occurrence, extend_horizon, move_occurrence
from iop_schedule.actions.support_people import Given, invite
from iop_schedule.domain.support_people import InvitedAlready, NoFamilySession
from iop_schedule.models import AuditEvent, Occurrence, SupportConsent, SupportLink, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AuditKind, Evidence, ServiceType
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, bare
from tests.pages import words

KEY = "a-key-of-this-test"


@pytest.fixture
def family(cast: Cast) -> Occurrence:
    """Ana's family session with Carol, on the next Tuesday at two."""
    series = make.make_individual(
        cast.ana, cast.program, cast.carol, code="ana-family", weekday=1, local_start=time(14),
        service_type=ServiceType.FAMILY,
    )  # fmt: skip
    db.session.commit()
    extend_horizon(now=NOW)
    return db.session.scalars(
        select(Occurrence)
        .where(Occurrence.series_id == series.id, Occurrence.starts_at > NOW)
        .order_by(Occurrence.starts_at)
    ).first()


def invited(http: Http, cast: Cast, family: Occurrence, *, language: str = "en") -> str:
    """Let Ana add her sister and invite her; return the path of the link."""
    ana = http.sign_in(cast.ana.email)
    added = ana.submit("/my/support", {"name": "Maya", "relation": "my sister", "language": language})
    assert added.status_code == 302, added.text
    (path,) = set(re.findall(r"/my/support/\d+/invite", ana.get("/my/support").text))
    without = ana.submit(path, {"occurrence_id": family.id})
    assert (without.status_code, "Say that you agree" in without.text) == (422, True)
    shown = ana.submit(path, {"occurrence_id": family.id, "agrees": "y"})
    assert (shown.status_code, shown.headers["Referrer-Policy"]) == (200, "no-referrer")
    return re.search(r"/a/[\w-]{43}", shown.text)[0]


def test_the_holder_of_a_link_sees_day_time_and_place_of_one_session_and_nothing_else(
    http: Http, new_http: Any, cast: Cast, family: Occurrence
) -> None:
    link = invited(http, cast, family)
    anyone = new_http()
    page = anyone.get(link)
    assert words(page.text).split("Appointment\n", 1)[1].split() == [
        "Day",
        "Tuesday,",
        "March",
        "10",
        "Time",
        "2:00",
        "pm",
        "to",
        "2:50",
        "pm",
        "(EDT)",
        "Place",
        "210",
        "Elm",
        "Street",
        "Questions?",
        "Ask",
        "the",
        "person",
        "who",
        "sent",
        "you",
        "this",
        "link.",
    ]
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in page.headers
    token = link.removeprefix("/a/")
    stored = db.session.scalars(select(SupportLink.token_hash)).one()
    assert (token in stored, len(stored)) == (False, 64)
    opened = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.SUPPORT_LINK_OPENED))
    assert [(row.actor_id, row.client_id) for row in opened] == [(None, cast.ana.id)]
    http.submit("/sign-out", page="/my/support")
    trail = http.sign_in("root@example.org").get("/audit").text
    assert "Whoever holds the link opened the link to one session of" in words(trail)
    assert token not in trail
    clock.freeze(family.ends_at)
    assert anyone.get(link).status_code == 404


def test_a_link_says_in_spanish_that_its_session_was_moved_or_canceled(
    http: Http, new_http: Any, cast: Cast, family: Occurrence
) -> None:
    link = invited(http, cast, family, language="es")
    root = actor_for(cast.root)
    move = Move(
        day=date(2026, 3, 12), start=time(16), duration_minutes=50, leader_id=cast.carol.id, room_id=None,
        reason="Carol is away",
    )  # fmt: skip
    move_occurrence(actor=root, occurrence_id=family.id, move=move, now=NOW)
    moved = words(new_http().get(link).text)
    assert "Cambió desde que recibió este enlace." in moved
    assert "jueves, 12 de marzo" in moved
    cancel_occurrence(actor=root, occurrence_id=family.id, reason="Carol is unwell", now=NOW)
    canceled = words(new_http().get(link).text)
    assert "Esta cita se canceló" in canceled
    assert "Carol" not in moved + canceled


def test_links_taken_back_over_mistyped_and_unknown_are_answered_alike(
    http: Http, new_http: Any, cast: Cast, family: Occurrence
) -> None:
    link = invited(http, cast, family)
    consent = db.session.scalars(select(SupportConsent.id)).one()
    renewed = http.submit(f"/my/support/consents/{consent}/link", page="/my/support")
    second = re.search(r"/a/[\w-]{43}", renewed.text)[0]
    assert new_http().get(second).status_code == 200
    http.submit(f"/my/support/consents/{consent}/revoke", page="/my/support")
    answers = [new_http().get(path) for path in (link, second, "/a/x", "/a/" + "A" * 43, second + "%00")]
    told = {(one.status_code, bare(one.text)) for one in answers}
    assert [status for status, _ in told] == [404]


def test_someone_who_guesses_links_must_wait(http: Http) -> None:
    answers = [http.get(f"/a/guess-{number}").status_code for number in range(21)]
    assert answers == [404] * 20 + [429]


def test_staff_record_what_the_client_said_and_the_roster_tells_the_counselor(
    http: Http, cast: Cast, family: Occurrence
) -> None:
    person = make.make_support_person(cast.ana, cast.dev, name="Maya")
    db.session.commit()
    carol = http.sign_in(cast.carol.email)
    path = f"/clients/{cast.ana.id}/support/{person.id}/invite"
    tomorrow = str(NOW.date() + timedelta(days=1))
    entered = {"occurrence_id": family.id, "evidence": Evidence.SPOKEN, "given_on": tomorrow}
    assert carol.submit(path, entered).status_code == 422
    assert carol.submit(path, {**entered, "given_on": "2026-03-03"}).status_code == 200
    (consent,) = db.session.scalars(select(SupportConsent))
    assert (consent.evidence, consent.given_on, consent.recorded_by_id, consent.expires_on) == (
        Evidence.SPOKEN, date(2026, 3, 3), cast.carol.id, date(2026, 3, 24),
    )  # fmt: skip
    sheet, listed = f"/sessions/{family.id}/attendance", f"/clients/{cast.ana.id}/support"
    assert "With support person" in words(carol.get(sheet).text)
    assert carol.submit(f"{listed}/{person.id}/end", page=listed).status_code == 302
    assert "With support person" not in words(carol.get(sheet).text)


def test_nobody_is_invited_twice_to_another_kind_of_session_or_by_a_stranger(
    app: Flask, cast: Cast, family: Occurrence
) -> None:
    person = make.make_support_person(cast.ana, cast.dev)
    db.session.commit()
    ana = actor_for(cast.ana_user)
    given = Given(Evidence.ONLINE, NOW.date())
    said = {"person_id": person.id, "given": given, "key": KEY, "now": NOW}
    one_to_one = db.session.scalars(
        select(Occurrence.id).where(Occurrence.series_id == cast.one_to_one.id, Occurrence.starts_at > NOW)
    ).first()
    with pytest.raises(NoFamilySession):
        invite(actor=ana, occurrence_id=one_to_one, **said)
    db.session.rollback()
    invite(actor=ana, occurrence_id=family.id, **said)
    with pytest.raises(InvitedAlready):
        invite(actor=ana, occurrence_id=family.id, **said)
    db.session.rollback()
    with pytest.raises(IntegrityError):
        make.make_support_consent(person, family, cast.ana_user)
    db.session.rollback()
    with pytest.raises(IntegrityError):  # a consent of one client for another's friend
        make.make_support_consent(person, family, cast.ana_user, client_id=cast.ben.id, revoked_at=NOW,
            revoked_by_id=cast.dev.id)  # fmt: skip
    db.session.rollback()
