"""Where clients are written to and what they agreed to: codes, evidence, wishes, and taking it back."""

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from sqlalchemy import update

from iop_schedule.actions import contacts
from iop_schedule.actions.contacts import CodeEnded, TooManyCodes, Wishes, WrongCode
from iop_schedule.actions.reminders import contact_code
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import ContactConsent, ContactPoint, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.contacts import reaches
from iop_schedule.vocabulary import Channel, ConsentPurpose, Evidence
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import HEAD, MINUTE, drain

SMS, EMAIL = Channel.SMS, Channel.EMAIL
REMINDERS, WEEKLY = ConsentPurpose.REMINDERS, ConsentPurpose.WEEKLY


@pytest.fixture
def ana(cast: Cast) -> Actor:
    return actor_for(cast.ana_user)


def point(cast: Cast, channel: Channel = SMS) -> ContactPoint:
    db.session.rollback()
    found: ContactPoint = (
        db.session.query(ContactPoint).filter_by(client_id=cast.ana.id, channel=channel).one()
    )
    return found


def enter(actor: Actor, cast: Cast, typed: str = "(202) 555-0142", channel: Channel = SMS) -> None:
    contacts.enter_address(actor=actor, client_id=cast.ana.id, channel=channel, typed=typed, now=NOW)


def the_code(cast: Cast) -> str:
    found = point(cast)
    return contact_code(HEAD.key, found.code_salt, found.address)


def confirm(actor: Actor, cast: Cast, typed: str, *, now=NOW) -> None:  # type: ignore[no-untyped-def]
    contacts.confirm_code(actor=actor, client_id=cast.ana.id, channel=SMS, typed=typed, key=HEAD.key, now=now)


def test_a_number_is_confirmed_by_the_code_that_was_sent_there(cast: Cast, ana: Actor) -> None:
    enter(ana, cast)
    contacts.send_code(actor=ana, client_id=cast.ana.id, channel=SMS, now=NOW)
    phone = NullMessages()
    drain(phone, NOW, channel=SMS)
    (text,) = phone.sent
    code = the_code(cast)
    assert (text.to, text.text.split(".")[0]) == ("+12025550142", f"Your code is {code}")
    confirm(ana, cast, f" {code[:3]} {code[3:]} ")  # as people paste it
    assert (point(cast).confirmed_at, point(cast).confirmed_by, point(cast).code_salt) == (NOW, "code", "")


def test_a_wrong_code_is_refused_five_times_and_then_even_the_right_one(cast: Cast, ana: Actor) -> None:
    enter(ana, cast)
    contacts.send_code(actor=ana, client_id=cast.ana.id, channel=SMS, now=NOW)
    code = the_code(cast)
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        with pytest.raises(WrongCode):
            confirm(ana, cast, wrong)
    with pytest.raises(CodeEnded):
        confirm(ana, cast, code)


def test_tries_made_elsewhere_count_although_the_address_was_read_before(cast: Cast, ana: Actor) -> None:
    enter(ana, cast)
    contacts.send_code(actor=ana, client_id=cast.ana.id, channel=SMS, now=NOW)
    code, seen = the_code(cast), point(cast)
    assert seen.code_tries == 0
    db.session.execute(update(ContactPoint.__table__).values(code_tries=5))  # type: ignore[arg-type]
    with pytest.raises(CodeEnded):
        confirm(ana, cast, code)


def test_a_code_is_good_for_a_quarter_of_an_hour_and_one_address(cast: Cast, ana: Actor) -> None:
    enter(ana, cast)
    contacts.send_code(actor=ana, client_id=cast.ana.id, channel=SMS, now=NOW)
    code = the_code(cast)
    with pytest.raises(CodeEnded):
        confirm(ana, cast, code, now=NOW + 15 * MINUTE)
    db.session.rollback()
    enter(ana, cast, "202-555-0199")
    with pytest.raises(CodeEnded):
        confirm(ana, cast, code)


def test_nobody_gets_a_flood_of_codes(cast: Cast, ana: Actor) -> None:
    enter(ana, cast)
    for _ in range(5):
        contacts.send_code(actor=ana, client_id=cast.ana.id, channel=SMS, now=NOW)
    with pytest.raises(TooManyCodes):
        contacts.send_code(actor=ana, client_id=cast.ana.id, channel=SMS, now=NOW + MINUTE)
    db.session.rollback()
    contacts.send_code(actor=ana, client_id=cast.ana.id, channel=SMS, now=NOW + 61 * MINUTE)


@pytest.mark.parametrize(
    "typed", ["12345", "call me", "", "+1 555", "(202) 555-0142 ext 3", "9" * 60, "202-555-014O"]
)
def test_a_telephone_number_that_is_none_is_refused(cast: Cast, ana: Actor, typed: str) -> None:
    with pytest.raises(NotPossible, match="mobile number"):
        enter(ana, cast, typed)


@pytest.mark.parametrize(
    "typed", ["ana", "a@b", "a b@example.net", "a@example.net\nBcc: x@y.z", "@example.net"]
)
def test_an_address_that_is_none_is_refused(cast: Cast, ana: Actor, typed: str) -> None:
    with pytest.raises(NotPossible, match="email address"):
        enter(ana, cast, typed, EMAIL)


def agree(actor: Actor, cast: Cast, *to: tuple[Channel, ConsentPurpose], **given: object) -> None:
    contacts.agree(
        actor=actor, client_id=cast.ana.id, to=to, **{"evidence": Evidence.ONLINE, "now": NOW, **given}
    )  # type: ignore[arg-type]


def agreements(cast: Cast) -> list[tuple[str, str, str, str | None]]:
    db.session.rollback()
    rows = db.session.query(ContactConsent).filter_by(client_id=cast.ana.id).order_by(ContactConsent.id)
    return [(row.channel, row.purpose, row.evidence, row.end_evidence) for row in rows]


def test_agreements_are_kept_with_their_evidence_and_end_with_theirs(cast: Cast, ana: Actor) -> None:
    dev = actor_for(cast.dev)
    agree(dev, cast, (EMAIL, REMINDERS), (SMS, REMINDERS), evidence=Evidence.PAPER, since=date(2026, 3, 2))
    agree(ana, cast, (EMAIL, REMINDERS), (EMAIL, WEEKLY))
    assert agreements(cast) == [
        ("email", "reminders", "paper", None),
        ("sms", "reminders", "paper", "online"),
        ("email", "weekly", "online", None),
    ]
    first = db.session.query(ContactConsent).order_by(ContactConsent.id).first()
    assert first is not None
    assert (first.given_at.date(), first.recorded_by_id) == (date(2026, 3, 2), cast.dev.id)
    reach = reaches([cast.ana.id], [EMAIL, SMS])[cast.ana.id]
    assert [(way.agreed, way.took_back) for way in reach] == [
        ({REMINDERS, WEEKLY}, frozenset()),
        (frozenset(), {REMINDERS}),
    ]


def test_nobody_agrees_in_the_future(cast: Cast) -> None:
    with pytest.raises(NotPossible, match="future"):
        agree(actor_for(cast.dev), cast, (EMAIL, REMINDERS), since=date(2026, 3, 5))


def test_wishes_change_lead_quiet_hours_language_and_zone(cast: Cast, ana: Actor) -> None:
    wishes = Wishes("es", "America/Chicago", (time(20), time(9)), (2, time(12)))
    contacts.wish(actor=ana, client_id=cast.ana.id, wishes=wishes, now=NOW)
    (way,) = reaches([cast.ana.id], [EMAIL])[cast.ana.id]
    policy = way.policy
    assert (way.language, way.zone) == ("es", "America/Chicago")
    assert (policy.quiet_from, policy.quiet_until, policy.days_before, policy.at) == (
        time(20), time(9), 2, time(12),
    )  # fmt: skip


CHANGES: list[Callable[[Actor, Cast], None]] = [
    enter,
    lambda actor, cast: agree(actor, cast, (EMAIL, REMINDERS)),
    lambda actor, cast: contacts.wish(actor=actor, client_id=cast.ana.id, wishes=Wishes(), now=NOW),
    lambda actor, cast: contacts.confirm_for_client(
        actor=actor, client_id=cast.ana.id, channel=SMS, evidence=Evidence.SPOKEN, now=NOW
    ),
]


@pytest.mark.parametrize("change", CHANGES)
def test_only_the_client_and_their_own_staff_settle_this(
    cast: Cast, change: Callable[[Actor, Cast], None]
) -> None:
    for user in (cast.ben_user, cast.zoe_user, cast.carol, cast.mallory, cast.trent):
        with pytest.raises((NotFound, NotAllowed)):
            change(actor_for(user), cast)
        db.session.rollback()


def test_an_address_entered_again_starts_anew(cast: Cast, ana: Actor) -> None:
    enter(ana, cast)
    contacts.confirm_for_client(
        actor=actor_for(cast.dev), client_id=cast.ana.id, channel=SMS, evidence=Evidence.SPOKEN, now=NOW
    )
    enter(ana, cast)
    assert point(cast).confirmed_at == NOW
    enter(ana, cast, "202-555-0199")
    assert (point(cast).address, point(cast).confirmed_at) == ("+12025550199", None)
    assert timedelta(0) == point(cast).added_at - NOW
