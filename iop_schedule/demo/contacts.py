"""How the invented clinic's people are written to: most by mail, many by text, a few not at all."""

from datetime import datetime, time

from iop_schedule.models import Client, ContactConsent, ContactPoint, ContactWish, db
from iop_schedule.vocabulary import Channel, ConsentPurpose, Evidence, StopReason

#: Numbers that are given to nobody.
_NUMBER = "+1202555{:04d}"
#: One of the people each, by their number.
GONE, UNCONFIRMED, TOOK_IT_BACK = 11, 7, 16


def add_contacts(client: Client, number: int, *, now: datetime) -> None:
    """Write down where the `number`-th client can be reached, and what they agreed to.

    Every fifth has agreed to nothing; one number is not confirmed, one mailbox is gone, one took it back.
    """
    if number % 5 == 0:
        return
    evidence = Evidence.PAPER if number % 2 else Evidence.ONLINE
    _point(client, Channel.EMAIL, client.email, now, confirmed=True, gone=number == GONE)
    _agree(client, Channel.EMAIL, tuple(ConsentPurpose), evidence, now)
    if number % 3 == 1:
        _point(client, Channel.SMS, _NUMBER.format(100 + number % 100), now, confirmed=number != UNCONFIRMED)
        _agree(client, Channel.SMS, (ConsentPurpose.REMINDERS,), evidence, now)
    if number == TOOK_IT_BACK:
        for row in _consents(client):
            row.ended_at, row.end_evidence = now, Evidence.REPLY
    if number % 7 == 2:  # noqa: PLR2004 - some of them
        db.session.add(
            ContactWish(
                client_id=client.id,
                quiet_from=time(20),
                quiet_until=time(9),
                days_before=0 if number % 2 else 2,
                remind_at=time(9, 30) if number % 2 else time(17),
                changed_at=now,
            )
        )


def _consents(client: Client) -> list[ContactConsent]:
    """Return what was just written down for a client."""
    return [row for row in db.session.new if isinstance(row, ContactConsent) and row.client_id == client.id]


def _point(
    client: Client, channel: Channel, address: str, now: datetime, *, confirmed: bool, gone: bool = False
) -> None:
    db.session.add(
        ContactPoint(
            client_id=client.id,
            channel=channel,
            address=address,
            added_at=now,
            confirmed_at=now if confirmed else None,
            confirmed_by=Evidence.CODE if confirmed else None,
            stopped_at=now if gone else None,
            stop_reason=StopReason.BOUNCED if gone else None,
            code_tries=0,
        )
    )


def _agree(
    client: Client, channel: Channel, purposes: tuple[ConsentPurpose, ...], evidence: Evidence, now: datetime
) -> None:
    for purpose in purposes:
        db.session.add(
            ContactConsent(
                client_id=client.id, channel=channel, purpose=purpose, given_at=now, evidence=evidence
            )
        )
