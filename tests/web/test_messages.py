"""Pages about messages: links that act only when asked to, signed calls, wishes, wordings, who was not reminded."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from iop_schedule.actions import reminders, replies
from iop_schedule.actions.reminders import Letterhead
from iop_schedule.actions.replies import TooLateToAnswer
from iop_schedule.adapters.messages import NullMessages, Refused, signature
from iop_schedule.models import (
    AuditEvent,
    ContactConsent,
    ContactPoint,
    MessageWording,
    Occurrence,
    ReminderDelivery,
    ReminderReply,
    RosterEntry,
    db,
)
from iop_schedule.queries.messages import LINK_TELLS, asked_by
from iop_schedule.queries.notices import answered_absent
from iop_schedule.vocabulary import Answer, AuditKind, Channel, DeliveryPurpose
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, on_one_database, row_counts
from tests.kept import KeptApp
from tests.outbox import DUE, MINUTE, Flaky, expect_on_thursday, stop_consent
from tests.pages import words

SECRET = "the provider's secret"


@pytest.fixture
def head(app: Flask) -> Letterhead:
    settings = replace(app.extensions["settings"], sms_url="console", sms_secret=SECRET)
    app.extensions["settings"] = settings
    return Letterhead(settings.public_url, settings.secret_key)


@pytest.fixture
def held(cast: Cast, head: Letterhead, kept_app: KeptApp) -> Occurrence:
    """Ana and Ben have been reminded by mail; Ana also by text."""

    def made() -> Occurrence:
        found = expect_on_thursday(cast)
        make.make_reachable(cast.ana, Channel.SMS)
        db.session.commit()
        send(head)
        return found

    return kept_app.populated("reminded by mail and text", made)  # type: ignore[no-any-return]


def send(head: Letterhead, mail: NullMessages | None = None) -> NullMessages:
    mail = mail or NullMessages()
    reminders.plan_reminders(now=NOW)
    doors = {Channel.EMAIL: mail, Channel.SMS: NullMessages()}
    for channel in Channel:
        while reminders.deliver(channel, doors=doors, now=DUE, head=head):
            pass
    db.session.rollback()
    return mail


def delivery(client_id: int, channel: str = "email") -> ReminderDelivery:
    found: ReminderDelivery = (
        db.session.query(ReminderDelivery).filter_by(client_id=client_id, channel=channel).one()
    )
    return found


def path_to(head: Letterhead, cast: Cast) -> str:
    return head.link(delivery(cast.ana.id).id).removeprefix(head.public_url)


# ── Links ────────────────────────────────────────────────────────────────────────────────────────


def test_opening_every_link_of_a_message_changes_nothing(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    path, before = path_to(head, cast), row_counts()
    page = http.get(path)
    assert (page.status_code, http.get(f"{path}/stop").status_code) == (200, 405)
    assert "an appointment on Thu, Mar 5 at 9:00 am" in page.text
    assert "Ana" not in page.text
    db.session.rollback()
    assert row_counts() == before


def test_the_buttons_behind_a_link_answer_and_stop(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    path = path_to(head, cast)
    assert "Thank you for telling us" in http.submit(path, {"do": "cannot"}).text
    assert "no more messages by email" in http.submit(path, {"do": "stop-all"}).text
    assert http.submit(path, {"do": "something else"}).status_code == 422
    db.session.rollback()
    (reply,) = db.session.query(ReminderReply)
    assert (reply.answer, reply.channel) == ("cannot", "email")
    open_ones = db.session.query(ContactConsent).filter_by(client_id=cast.ana.id, ended_at=None)
    assert [row.channel for row in open_ones] == ["sms"]


def test_one_press_in_a_mail_program_stops_without_cookie_or_token(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    answer = http.post(f"{path_to(head, cast)}/stop", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, answer.text) == (200, "Stopped.\n")
    db.session.rollback()
    ended = db.session.query(ContactConsent).filter_by(client_id=cast.ana.id, end_evidence="link").one()
    assert (ended.channel, ended.purpose) == ("email", "reminders")


def test_a_link_in_somebody_elses_mailbox_shows_and_changes_nothing(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    path = path_to(head, cast)
    db.session.query(ContactPoint).filter_by(
        client_id=cast.ana.id, channel="email"
    ).one().address = "new@example.org"
    db.session.commit()
    page = http.get(path)
    assert (page.status_code, "Mar 5" in page.text, "I’m coming" in page.text) == (200, False, False)
    assert http.submit(path, {"do": "cannot"}).status_code == 422
    assert "no more messages by email" in http.submit(path, {"do": "stop-all"}).text
    assert http.post(f"{path}/stop").status_code == 200
    db.session.rollback()
    assert db.session.query(ReminderReply).count() == 0
    assert db.session.query(ContactConsent).filter(ContactConsent.ended_at.is_not(None)).count() == 0


def test_a_link_takes_no_answer_once_the_day_began_and_in_a_week_tells_nothing(
    cast: Cast, held: Occurrence
) -> None:
    row = delivery(cast.ana.id)
    began = row.planned_start_at
    with pytest.raises(TooLateToAnswer):
        replies.answer_from_link(row.id, Answer.CANNOT, now=began)
    assert asked_by(row.id, now=began).what
    assert not asked_by(row.id, now=began + LINK_TELLS).what
    row.purpose = DeliveryPurpose.CANCELLED
    db.session.commit()
    with pytest.raises(TooLateToAnswer):
        replies.answer_from_link(row.id, Answer.COMING, now=DUE)


def test_the_trail_never_says_that_a_link_signed_in(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    http.submit(path_to(head, cast), {"do": "cannot"})
    db.session.rollback()
    (told,) = db.session.query(AuditEvent).filter_by(kind=AuditKind.ABSENCE_TOLD)
    assert (told.actor_id, told.actor_role, told.client_id, told.details["by"]) == (
        None, "", cast.ana.id, "link",
    )  # fmt: skip
    page = http.sign_in(cast.root.email).get(f"/audit?client={cast.ana.id}").text
    assert "Whoever holds the link said that Ana Q. cannot come to a session" in page


def test_the_answer_of_a_client_whose_account_is_off_reaches_the_sheet_without_it(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    cast.ana_user.active = False
    db.session.commit()
    http.submit(path_to(head, cast), {"do": "cannot"})
    db.session.rollback()
    assert db.session.query(AuditEvent).filter_by(kind=AuditKind.ABSENCE_TOLD).count() == 0
    entry = db.session.query(RosterEntry).filter_by(client_id=cast.ana.id).one()
    assert set(answered_absent([entry.id])) == {entry.id}


def test_a_link_is_pressed_twenty_times_an_hour(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    path = path_to(head, cast)
    stops = [http.post(f"{path}/stop").status_code for _ in range(20)]
    assert (set(stops), http.post(f"{path}/stop").status_code) == ({200}, 429)
    assert http.submit(path, {"do": "cannot"}).status_code == 429
    db.session.rollback()
    assert db.session.query(ReminderReply).count() == 0


def test_a_link_that_was_changed_leads_nowhere(
    http: Http, cast: Cast, held: Occurrence, head: Letterhead
) -> None:
    path = path_to(head, cast)
    other = head.link(delivery(cast.ben.id).id)[-32:]
    for wrong in (
        path[:-1] + ("0" if path[-1] != "0" else "1"),
        path[:-32] + other,
        "/m/" + "0" * 64,
        "/m/x",
    ):
        assert (http.get(wrong).status_code, http.post(f"{wrong}/stop").status_code) == (404, 404)


# ── A provider's calls ───────────────────────────────────────────────────────────────────────────


def call(http: Http, path: str, form: dict[str, str], secret: str = SECRET) -> int:
    url = f"http://127.0.0.1:8000{path}"
    signed = {"X-Twilio-Signature": signature(secret, url, list(form.items()))}
    return http.post(path, data=form, headers=signed).status_code


def test_only_signed_texts_are_taken_and_answered(http: Http, cast: Cast, held: Occurrence) -> None:
    form = {"From": "+12025550142", "Body": "STOP", "MessageSid": "SM1"}
    assert call(http, "/hooks/texts", form, secret="guess") == 403
    assert http.post("/hooks/texts", data=form).status_code == 403
    db.session.rollback()
    stopped = db.session.query(ContactConsent).filter_by(client_id=cast.ana.id, end_evidence="reply")
    assert stopped.count() == 0
    assert call(http, "/hooks/texts", form) == 200
    assert call(http, "/hooks/texts", form) == 200  # a replay
    db.session.rollback()
    assert stopped.count() == 1


def test_a_report_needs_the_signature_too(http: Http, cast: Cast, held: Occurrence) -> None:
    row = delivery(cast.ana.id, "sms")
    row.provider_ref = "SM7"
    db.session.commit()
    form = {"MessageSid": "SM7", "MessageStatus": "undelivered", "ErrorCode": "30005"}
    assert call(http, "/hooks/texts/reports", form, secret="guess") == 403
    assert call(http, "/hooks/texts/reports", form) == 204
    db.session.rollback()
    assert delivery(cast.ana.id, "sms").state == "dead"


# ── Wishes ───────────────────────────────────────────────────────────────────────────────────────


def test_a_client_reads_their_messages_and_settles_what_is_sent(
    http: Http, cast: Cast, held: Occurrence
) -> None:
    http.sign_in(cast.ana.email)
    assert "You have an appointment on Thu, Mar 5 at 9:00 am." in http.get("/my/messages").text
    page = "/my/messages/wishes"
    http.submit("/my/messages/agree", {"agree-email": ["weekly"]}, page=page)
    http.submit("/my/messages/sms", {"do": "save", "sms-address": "202-555-0199"}, page=page)
    http.submit("/my/messages/sms", {"do": "confirm", "sms-code": "nonsense"}, page=page)
    shown = http.get(page).text
    assert "(202) 555-0199" in shown
    assert "Not confirmed" in shown
    db.session.rollback()
    open_ones = db.session.query(ContactConsent).filter_by(client_id=cast.ana.id, ended_at=None)
    assert [(row.channel, row.purpose) for row in open_ones] == [("email", "weekly")]


def test_staff_write_down_consent_with_its_evidence(http: Http, cast: Cast, held: Occurrence) -> None:
    http.sign_in(cast.dev.email)
    page = f"/clients/{cast.ben.id}/messages"
    http.submit(
        f"{page}/agree", {"agree-sms": ["reminders"], "agree-evidence": "paper", "agree-since": "2026-03-02"}, page=page
    )  # fmt: skip
    shown = http.get(page).text
    assert "on a signed paper, noted by Dev Banerjee" in shown


# ── Wordings ─────────────────────────────────────────────────────────────────────────────────────

SMS_EN = "/reminders/wording/reminder/sms/en"


@on_one_database
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Your group meets {day}. STOP", "Take out “group”"),
        ("See Carol {day}. STOP", "Take out “carol”"),
        ("Come {when}. STOP", "“{when}” is not known here"),
        ("Come {day. STOP", "A brace stands alone"),
        ("Come on {day}.", "keep the word STOP"),
        ("", "Write the message."),
        ("x" * 1001 + " STOP", "under 1000"),
    ],
)
def test_wordings_that_would_tell_or_break_are_refused(http: Http, cast: Cast, body: str, told: str) -> None:
    http.sign_in(cast.root.email)
    answer = http.submit(SMS_EN, {"body": body, "version": "0"})
    assert answer.status_code == 422
    assert told in answer.text.replace("&#34;", '"')
    assert db.session.query(MessageWording).count() == 0


def test_a_new_wording_is_previewed_saved_and_used_and_the_second_writer_is_told(
    http: Http, cast: Cast, head: Letterhead
) -> None:
    http.sign_in(cast.root.email)
    typed = {"body": "Come on {day} at {time}. Reply STOP to stop.", "version": "0"}
    preview = http.submit(SMS_EN, {**typed, "preview": "1"})
    assert "Come on Mon, Mar 9 at 9:00 am." in preview.text
    assert "1 text message" in preview.text
    assert http.submit(SMS_EN, typed).status_code == 302
    assert http.submit(SMS_EN, typed).status_code == 409
    expect_on_thursday(cast)
    make.make_reachable(cast.ana, Channel.SMS)
    db.session.commit()
    phone = NullMessages()
    reminders.plan_reminders(now=NOW, channels=[Channel.SMS])
    reminders.deliver(Channel.SMS, doors={Channel.SMS: phone}, now=DUE, head=head)
    assert [text.text for text in phone.sent] == ["Come on Thu, Mar 5 at 9:00 am. Reply STOP to stop."]


def test_words_for_all_sites_name_nobody_of_another_one_and_are_in_every_trail(
    http: Http, new_http: Callable[[], Http], cast: Cast, head: Letterhead
) -> None:
    http.sign_in(cast.root.email)
    typed = {"body": "Come and see Eve on {day}. STOP", "version": "0"}
    assert http.submit(SMS_EN, typed).status_code == 302
    there = new_http().sign_in(cast.trent.email)
    for page in (there.get("/reminders/wording"), there.get(SMS_EN)):
        assert "by an administrator of another site" in page.text
        assert "Root" not in page.text
    assert "changed the wording of messages" in there.get("/audit").text
    expect_on_thursday(cast)
    make.make_reachable(cast.zoe, Channel.SMS, address="+12025550144")
    db.session.commit()
    phone = NullMessages()
    reminders.plan_reminders(now=NOW, channels=[Channel.SMS])
    reminders.deliver(Channel.SMS, doors={Channel.SMS: phone}, now=DUE + 3 * 60 * MINUTE, head=head)
    (text,) = phone.sent
    assert "Eve" not in text.text


# ── Who was not reminded ─────────────────────────────────────────────────────────────────────────


def test_who_will_be_reminded_later_is_not_listed_as_left_out(http: Http, cast: Cast) -> None:
    expect_on_thursday(cast)
    stop_consent(cast.ben)
    db.session.commit()
    page = words(http.sign_in(cast.dev.email).get("/reminders?day=2026-03-05").text)
    assert "2 Expected\n0 Reminded\n1 On its way or due later\n1 Without a reminder" in page
    listed = page.partition("What to do")[2].partition("Messages that went wrong")[0]
    assert (cast.ben.short_name in listed, cast.ana.short_name in listed) == (True, False)
    assert "Email: wants none any more" in listed


def test_the_page_says_who_was_not_reminded_and_why(
    http: Http, cast: Cast, head: Letterhead, new_http: Callable[[], Http]
) -> None:
    expect_on_thursday(cast)
    db.session.query(ContactConsent).filter_by(client_id=cast.ben.id).delete()
    db.session.commit()
    send(head, Flaky(Refused("reply 550")))
    http.sign_in(cast.root.email)
    page = http.get("/reminders?day=2026-03-05").text
    assert "Email: has not agreed" in page
    assert "Email: refused by the provider" in page
    assert "Could not be sent" in page
    assert "Zoe" not in page
    row = delivery(cast.ana.id)
    assert http.submit(f"/reminders/{row.id}/retry", page="/reminders").status_code == 302
    db.session.rollback()
    assert delivery(cast.ana.id).state == "planned"
    assert (
        new_http()
        .sign_in(cast.trent.email)
        .submit(f"/reminders/{row.id}/leave", page="/reminders")
        .status_code
        == 404
    )


def test_what_somebody_has_seen_to_leaves_the_list(http: Http, cast: Cast, head: Letterhead) -> None:
    expect_on_thursday(cast)
    send(head, Flaky(Refused("reply 550")))
    row = db.session.query(ReminderDelivery).filter_by(state="dead").one()
    http.sign_in(cast.root.email)
    http.submit(f"/reminders/{row.id}/leave", page="/reminders")
    assert "Nothing went wrong" in http.get("/reminders").text
