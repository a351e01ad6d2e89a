"""Mail that came back, from the command a mail server pipes it into to the address that takes no more."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from iop_schedule.adapters.messages import NullMessages
from iop_schedule.models import ContactPoint, ReminderDelivery, db
from tests.bounces import report
from tests.cast import Cast
from tests.conftest import NOW
from tests.kept import KeptApp
from tests.outbox import DUE, audit, drain, expect_on_thursday, plan, states, stop_consent


@pytest.fixture
def sent(cast: Cast, kept_app: KeptApp) -> str:
    """Ana has been reminded by mail; her message's id."""

    def made() -> str:
        expect_on_thursday(cast)
        stop_consent(cast.ben)
        stop_consent(cast.zoe)
        db.session.commit()
        plan(NOW)
        drain(NullMessages(), DUE)
        return db.session.scalars(select(ReminderDelivery.id)).one()

    return kept_app.populated("one reminded by mail", made)  # type: ignore[no-any-return]


def read(app: Flask, mail: bytes) -> tuple[int, str]:
    db.session.rollback()
    done = app.test_cli_runner().invoke(args=["read-bounces", "-"], input=mail)
    db.session.rollback()
    return done.exit_code, done.output


def stopped(cast: Cast) -> str | None:
    point = db.session.scalars(
        select(ContactPoint).where(ContactPoint.client_id == cast.ana.id, ContactPoint.channel == "email")
    ).one()
    return point.stop_reason


def test_no_such_mailbox_stops_the_address_and_shows_the_message_as_refused(
    app: Flask, cast: Cast, sent: str
) -> None:
    assert read(app, report(sent, to="Ana@Example.NET")) == (
        0,
        "standard input: no such mailbox: the address takes no more mail, the message is shown as refused.\n",
    )
    assert (states(), stopped(cast)) == ([("dead", "refused")], "bounced")
    assert audit("reminder:held") == [(cast.ana.id, "refused")]
    assert read(app, report(sent))[1] == "standard input: nothing new.\n"
    assert len(audit("reminder:held")) == 1


def test_a_full_mailbox_is_that_messages_misfortune_alone(app: Flask, cast: Cast, sent: str) -> None:
    assert "stays in use" in read(app, report(sent, status="5.2.2"))[1]
    assert (states(), stopped(cast)) == ([("dead", "refused")], None)


@pytest.mark.parametrize("case", ["late", "another address", "another message", "an answer"])
def test_nothing_else_changes_anything(app: Flask, cast: Cast, sent: str, case: str) -> None:
    mail = {
        "late": report(sent, action="delayed", status="4.4.1"),
        "another address": report(sent, to=cast.ben.email),
        "another message": report("0" * 8 + sent[8:]),
        "an answer": b"From: ana@example.net\r\n\r\nThank you.\r\n",
    }[case]
    status, said = read(app, mail)
    assert status == 0
    assert "nothing" in said
    assert (states(), stopped(cast)) == ([("sent", "")], None)


def test_what_cannot_be_read_is_said_and_the_rest_is_read(
    app: Flask, cast: Cast, sent: str, tmp_path: Path
) -> None:
    noise, good = tmp_path / "noise", tmp_path / "good"
    noise.write_bytes(b"\0\1\2")
    good.write_bytes(report(sent))
    db.session.rollback()
    files = [str(path) for path in (noise, tmp_path / "none", good)]
    done = app.test_cli_runner().invoke(args=["read-bounces", *files])
    assert done.exit_code == 65  # what mail servers know as bad data
    assert "noise: not read: no e-mail message: it does not begin with header lines" in done.output
    assert "none: not read: No such file or directory" in done.output
    assert "good: no such mailbox" in done.output
    assert stopped(cast) == "bounced"
